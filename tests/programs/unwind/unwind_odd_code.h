// Frames that no compiler makes (unwind_odd_code.S).
#pragma once

#include <stdint.h>

typedef void (*Called)(void);

void odd_cfa_in_rbx(Called);
void odd_cfa_in_r14(Called);
void odd_cfa_in_memory(Called);
void odd_return_address(Called);
void odd_rbp_by_value(Called);
void odd_remembered_state(Called);
void odd_without_cfi(Called);
void odd_lying_rbp(Called, uintptr_t rbp);
