// Functions that call touch_heap_once() from frames that no compiler makes, each with correct call frame information
// of a kind that only the full interpreter understands. Each takes the address of a function and calls it.

        .text

        .macro FUNCTION name
        .globl  \name
        .type   \name, @function
\name:  .cfi_startproc
        .endm
        .macro END name
        .cfi_endproc
        .size   \name, .-\name
        .endm

// CFA in a callee-saved register, as in glibc's lazy binding: rbx, which the functions called may save anywhere.
FUNCTION odd_cfa_in_rbx
        push    %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        mov     %rsp, %rbx
        .cfi_def_cfa_register %rbx
        and     $-64, %rsp
        sub     $192, %rsp
        call    *%rdi
        mov     %rbx, %rsp
        .cfi_def_cfa_register %rsp
        pop     %rbx
        .cfi_adjust_cfa_offset -8
        ret
END odd_cfa_in_rbx

// Likewise in r14, with the registers of the caller in places that only expressions describe.
FUNCTION odd_cfa_in_r14
        push    %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r14, 0
        mov     %rsp, %r14
        .cfi_def_cfa_register %r14
        sub     $4096, %rsp
        and     $-64, %rsp
        call    *%rdi
        mov     %r14, %rsp
        .cfi_def_cfa_register %rsp
        pop     %r14
        .cfi_adjust_cfa_offset -8
        ret
END odd_cfa_in_r14

// CFA = what stands at rsp + 8, plus 16: DW_CFA_def_cfa_expression (DW_OP_breg7 8; DW_OP_deref; DW_OP_plus_uconst 16).
FUNCTION odd_cfa_in_memory
        push    %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        mov     %rsp, %rax
        sub     $72, %rsp
        .cfi_adjust_cfa_offset 72
        and     $-16, %rsp
        mov     %rax, 8(%rsp)
        xor     %ebp, %ebp
        .cfi_escape 0x0f, 0x05, 0x77, 0x08, 0x06, 0x23, 0x10
        call    *%rdi
        mov     8(%rsp), %rsp
        .cfi_def_cfa %rsp, 16
        pop     %rbp
        .cfi_adjust_cfa_offset -8
        ret
END odd_cfa_in_memory

// The return address was moved: at CFA - 40 and nowhere else. rbp is at an address that an expression gives.
FUNCTION odd_return_address
        pop     %rax
        .cfi_adjust_cfa_offset -8
        .cfi_register %rip, %rax
        sub     $64, %rsp
        .cfi_adjust_cfa_offset 64
        mov     %rax, 24(%rsp)
        .cfi_offset %rip, -40
        mov     %rbp, 8(%rsp)
        .cfi_escape 0x10, 0x06, 0x02, 0x77, 0x08        // DW_CFA_expression rbp: DW_OP_breg7 8
        mov     $0x1234, %ebp
        call    *%rdi
        mov     8(%rsp), %rbp
        .cfi_restore %rbp
        mov     24(%rsp), %rax
        .cfi_register %rip, %rax
        add     $64, %rsp
        .cfi_adjust_cfa_offset -64
        push    %rax
        .cfi_adjust_cfa_offset 8
        .cfi_restore %rip
        ret
END odd_return_address

// rbp is a number for the callee, and the caller's is CFA - 16 itself: DW_CFA_val_offset. The way back restores it.
FUNCTION odd_rbp_by_value
        push    %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        lea     (%rsp), %rbp
        .cfi_def_cfa_register %rbp
        call    odd_rbp_by_value_inner
        pop     %rbp
        .cfi_def_cfa %rsp, 8
        ret
END odd_rbp_by_value

FUNCTION odd_rbp_by_value_inner
        // Called with rbp = rsp + 8, which is this frame's CFA.
        .cfi_escape 0x14, 0x06, 0x00                    // DW_CFA_val_offset rbp, 0
        sub     $8, %rsp
        .cfi_adjust_cfa_offset 8
        xor     %ebp, %ebp
        call    *%rdi
        add     $8, %rsp
        .cfi_adjust_cfa_offset -8
        lea     8(%rsp), %rbp
        ret
END odd_rbp_by_value_inner

// The state of the rules is remembered, changed and restored around an early return, as GCC does.
FUNCTION odd_remembered_state
        sub     $24, %rsp
        .cfi_adjust_cfa_offset 24
        test    %rdi, %rdi
        jne     1f
        .cfi_remember_state
        add     $24, %rsp
        .cfi_adjust_cfa_offset -24
        ret
        .cfi_restore_state
1:      call    *%rdi
        add     $24, %rsp
        .cfi_adjust_cfa_offset -24
        ret
END odd_remembered_state

// Without a word about its frame.
        .globl  odd_without_cfi
        .type   odd_without_cfi, @function
odd_without_cfi:
        sub     $8, %rsp
        call    *%rdi
        add     $8, %rsp
        ret
        .size   odd_without_cfi, .-odd_without_cfi

// Call frame information that lies: the CFA follows an rbp that is rubbish (the second argument).
FUNCTION odd_lying_rbp
        push    %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        mov     %rsi, %rbp
        .cfi_def_cfa %rbp, 16
        call    *%rdi
        pop     %rbp
        .cfi_def_cfa %rsp, 8
        ret
END odd_lying_rbp

        .section .note.GNU-stack, "", @progbits
