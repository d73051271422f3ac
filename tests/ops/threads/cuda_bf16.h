#pragma once
/* nvcc.h has it. */
