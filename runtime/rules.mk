# How the parts are made.

build/app.c: $(APP).wasm
	@mkdir -p $(@D)
	@command -v $(WASM2C) >/dev/null || { echo 'wasm2c is not there: apt-get install wabt' >&2; exit 1; }
	$(WASM2C) -n app $(APP).wasm -o $@
	sed -f $(RUNTIME)engine/wasm2c/access.sed $@ >$@.new && mv $@.new $@

build/app.h: build/app.c

# Generated: its unused helpers are no concern of ours.
build/app.o: build/app.c
	$(CC) $(CFLAGS) $(APP_FLAGS) -DNDEBUG -w -c -o $@ $<

build/%.o: $(RUNTIME)%.c $(APP_HEADER)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARNINGS) -c -o $@ $<

.PHONY: clean size
clean:
	rm -rf build
