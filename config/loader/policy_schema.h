// The part of the schema that describes a policy.

#ifndef MANTLET_CONFIG_LOADER_POLICY_SCHEMA_H_
#define MANTLET_CONFIG_LOADER_POLICY_SCHEMA_H_

#include "config/loader/section.h"
#include "config/policy_rules.h"

namespace mantlet::config {

void DescribePolicy(Section& s, Policy& v);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_POLICY_SCHEMA_H_
