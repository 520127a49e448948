# What every port is built of.

WASM2C ?= wasm2c
# Where wabt put wasm-rt.h; Debian has it here, apart from the C library's headers.
WASM_RT ?= /usr/src/wasm2c
# Bytes of linear memory; a WebAssembly page unless told.
MEMORY ?= 65536
# Calls inside calls until the app traps: what bounds its stack.
CALL_DEPTH ?= 200

SOURCES := $(wildcard $(RUNTIME)core/*.c) $(wildcard $(RUNTIME)engine/wasm2c/*.c)
INCLUDES := -I$(RUNTIME)include -I$(RUNTIME)engine/wasm2c -Ibuild -I$(WASM_RT)
DEFINES := -DAKARI_APP_NAME='"$(APP)"' -DAKARI_MEMORY_BYTES=$(MEMORY) \
	-DWASM_RT_MEMCHECK_SIGNAL_HANDLER=0 -DWASM_RT_MAX_CALL_STACK_DEPTH=$(CALL_DEPTH)
