#include "dh-error.h"

G_DEFINE_QUARK (dh - error - quark, dh_error)
