# What every port is built of.
#   ENGINE  wasm2c (the module becomes C, ahead of time) or wamr (interpreted; WAMR_PREFIX names an installed WAMR)

ENGINE ?= wasm2c
WASM2C ?= wasm2c
# Where wabt put wasm-rt.h; Debian has it here, apart from the C library's headers.
WASM_RT ?= /usr/src/wasm2c
# Bytes of linear memory; a WebAssembly page unless told.
MEMORY ?= 65536
# Calls inside calls until the app traps: what bounds its stack.
CALL_DEPTH ?= 200

SOURCES := $(wildcard $(RUNTIME)core/*.c) $(wildcard $(RUNTIME)engine/$(ENGINE)/*.c)
INCLUDES := -I$(RUNTIME)include -I$(RUNTIME)engine/$(ENGINE)
DEFINES := -DAKARI_APP_NAME='"$(APP)"'

ifeq ($(ENGINE),wasm2c)
INCLUDES += -Ibuild -I$(WASM_RT)
DEFINES += -DAKARI_MEMORY_BYTES=$(MEMORY) -DWASM_RT_MEMCHECK_SIGNAL_HANDLER=0 -DWASM_RT_MAX_CALL_STACK_DEPTH=$(CALL_DEPTH)
APP_OBJECT := build/app.o
APP_HEADER := build/app.h
else ifeq ($(ENGINE),wamr)
ifeq ($(wildcard $(WAMR_PREFIX)/include/wasm_export.h),)
ifneq ($(MAKECMDGOALS),clean)
$(error ENGINE=wamr needs WAMR_PREFIX, a folder with include/wasm_export.h and lib/libiwasm of an installed WAMR)
endif
endif
INCLUDES += -isystem $(WAMR_PREFIX)/include
DEFINES += -DAKARI_APP_FILE='"$(APP).wasm"'
ENGINE_LIBRARIES := -L$(WAMR_PREFIX)/lib -Wl,-rpath,$(WAMR_PREFIX)/lib -liwasm -lpthread -ldl
APP_HEADER := $(APP).wasm
else
$(error ENGINE is "$(ENGINE)"; wasm2c and wamr are known)
endif
