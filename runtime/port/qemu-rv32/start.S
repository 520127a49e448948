# From reset to main. QEMU has loaded .data; .bss is cleared here, and the stack painted (stack.c).
  .option arch, +zicsr
  .section .text.start, "ax"
  .globl _start
_start:
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop
  la sp, __stack
  la t0, trap_entry
  csrw mtvec, t0
  la t0, __bss_start
  la t1, __bss_end
1:
  bgeu t0, t1, 2f
  sw zero, 0(t0)
  addi t0, t0, 4
  j 1b
2:
  la t0, __stack_bottom
  li t1, 0x5ca1ab1e # PAINT of stack.c
3:
  sw t1, 0(t0)
  addi t0, t0, 4
  bltu t0, sp, 3b
  call main
4:
  wfi
  j 4b

# The log's semihosting call is a breakpoint when nobody debugs: step over it. All else does not come back.
  .align 4
trap_entry:
  csrw mscratch, t0
  csrr t0, mcause
  addi t0, t0, -3
  bnez t0, 5f
  csrr t0, mepc
  addi t0, t0, 4
  csrw mepc, t0
  csrr t0, mscratch
  mret
5:
  la sp, __stack
  csrr a0, mcause
  csrr a1, mepc
  call machine_trap
