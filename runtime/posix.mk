# Builds one app for a Linux machine.
#   APP     name of the app: APP.wasm is beside the Makefile that includes this
#   MEMORY  bytes of linear memory to give it
# SANITIZE=1 builds with AddressSanitizer and UBSan.

RUNTIME := $(dir $(lastword $(MAKEFILE_LIST)))
include $(RUNTIME)sources.mk

CC ?= gcc
OPTIMIZE ?= -O2
CFLAGS := -std=gnu11 -D_GNU_SOURCE -g $(OPTIMIZE) $(INCLUDES) $(DEFINES)
WARNINGS := -Wall -Wextra -Werror
ifdef SANITIZE
CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
SOURCES += $(wildcard $(RUNTIME)port/posix/*.c)
OBJECTS := $(patsubst $(RUNTIME)%.c,build/%.o,$(SOURCES)) $(APP_OBJECT)

build/$(APP): $(OBJECTS)
	$(CC) $(CFLAGS) -o $@ $(OBJECTS) $(ENGINE_LIBRARIES) -lm

include $(RUNTIME)rules.mk
