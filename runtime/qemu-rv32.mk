# Builds one app as firmware for QEMU's machine virt with a 32-bit RISC-V core, with the engine wasm2c.
#   APP     name of the app: APP.wasm is beside the Makefile that includes this
#   MEMORY  bytes of linear memory to give it

RUNTIME := $(dir $(lastword $(MAKEFILE_LIST)))
include $(RUNTIME)sources.mk
ifneq ($(ENGINE),wasm2c)
$(error this board has the engine wasm2c only)
endif

CROSS ?= riscv64-unknown-elf-
CC := $(CROSS)gcc
OPTIMIZE ?= -O2
# Millivolts on analogue channel 0.
ADC ?= 715
CFLAGS := -std=gnu11 -g $(OPTIMIZE) -march=rv32imac -mabi=ilp32 -msmall-data-limit=8 -ffunction-sections -fdata-sections \
	--specs=picolibc.specs -DPICOLIBC_INTEGER_PRINTF_SCANF -DAKARI_ADC_MV=$(ADC) $(INCLUDES) $(DEFINES)
WARNINGS := -Wall -Wextra -Werror
# The compiler's first scheduler lengthens the lives of values: on a core with few registers a cipher then spills.
APP_FLAGS := -fno-schedule-insns
PORT := $(RUNTIME)port/qemu-rv32/
SOURCES += $(wildcard $(PORT)*.c)
OBJECTS := $(patsubst $(RUNTIME)%.c,build/%.o,$(SOURCES)) build/start.o $(APP_OBJECT)
# Bytes of stack.
STACK ?= 32768

build/$(APP).elf: $(OBJECTS) $(PORT)link.ld
	$(CC) $(CFLAGS) -nostartfiles -Wl,--defsym=__stack_bytes=$(STACK),--gc-sections,--no-warn-rwx-segments -T $(PORT)link.ld -o $@ $(OBJECTS) -lm

build/start.o: $(PORT)start.S
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

include $(RUNTIME)rules.mk

size: build/$(APP).elf
	$(CROSS)size -A -d $<

# The flash that holds the store: the machine wants it whole.
build/store.img:
	truncate -s 32M $@

SERIAL ?= pty
# More properties of the flash: FLASH=,readonly=on is one that is worn out.
FLASH ?=
.PHONY: run
run: build/$(APP).elf build/store.img
	qemu-system-riscv32 -M virt -m 32M -display none -monitor none -serial $(SERIAL) \
	  -chardev stdio,id=log,signal=off -semihosting-config enable=on,target=native,chardev=log \
	  -device virtio-rng-device -drive if=pflash,unit=1,format=raw,file=build/store.img$(FLASH) -bios $<
