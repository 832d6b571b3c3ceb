// Describes, for the log, what a reload has changed in the material that is served and trusted:
// "listener 'public': /etc/tls.crt: CN=app, serial 0a, valid until … (was serial 09, until …)".

#ifndef MANTLET_CERTS_GENERATION_DIFF_H_
#define MANTLET_CERTS_GENERATION_DIFF_H_

#include <string>
#include <vector>

#include "certs/generation.h"

namespace mantlet::certs {

// A sentence for each change; empty if there is none.
std::vector<std::string> WhatChanged(const Generation& before, const Generation& after);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_GENERATION_DIFF_H_
