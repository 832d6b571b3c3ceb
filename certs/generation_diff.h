// Describes, for the log, the changes of served and trusted material after a reload: "listener
// 'public': /etc/tls.crt: CN=app, serial 0a, valid until … (was serial 09, until …)".

#ifndef MANTLET_CERTS_GENERATION_DIFF_H_
#define MANTLET_CERTS_GENERATION_DIFF_H_

#include <string>
#include <vector>

#include "certs/generation.h"

namespace mantlet::certs {

// Returns a sentence for each change; empty if there is none.
std::vector<std::string> WhatChanged(const Generation& before, const Generation& after);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_GENERATION_DIFF_H_
