#include "proxy/server/loader.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "certs/generation_diff.h"
#include "certs/generation_loader.h"
#include "certs/rotation.h"
#include "config/difference.h"
#include "config/loader/loader.h"

namespace mantlet::server {
namespace {

// Converts any error of the files to InvalidArgument: another start would fail in the same way.
absl::Status AsInvalid(const absl::Status& status) {
  return absl::InvalidArgumentError(status.message());
}

std::vector<std::string> Changes(const Snapshot& before, const Snapshot& after) {
  std::vector<std::string> changes = config::SettingsThatChanged(before.config, after.config);
  for (std::string& change : certs::WhatChanged(*before.generation, *after.generation)) {
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace

Loader::Loader(certs::FileReader& reader, const config::Environment& environment,
               const base::Clock& clock, ReloadPlanner::Permits permits)
    : reader_(reader), clock_(clock), planner_(reader, environment, clock, std::move(permits)) {}

absl::StatusOr<Loader::Initial> Loader::LoadInitial(const config::Config& config) {
  Initial initial;
  absl::StatusOr<certs::GenerationPtr> generation = certs::GenerationLoader::Load(
      config, reader_, clock_.WallSeconds(), nullptr, &initial.fingerprints);
  if (!generation.ok()) return AsInvalid(generation.status());
  config::LoadResult reread;
  const certs::Fingerprint state = planner_.ReadConfig(config.file, &reread);
  initial.fingerprints[config.file] = reread.config == config ? state : certs::Fingerprint();
  absl::StatusOr<std::shared_ptr<Snapshot>> snapshot =
      BuildSnapshot(config, *std::move(generation), nullptr, clock_);
  if (!snapshot.ok()) return AsInvalid(snapshot.status());
  initial.snapshot = *std::move(snapshot);
  return initial;
}

LoadOutcome Loader::Reload(const Snapshot& running, const certs::Fingerprints* polled,
                           Activator& activator) {
  ReloadPlan plan = planner_.Plan(running.config, *running.generation, polled);
  const SnapshotPtr next = Realize(running, activator, &plan);
  if (next == nullptr) {
    return LoadOutcome::NotSwapped(plan.Problems(), std::move(plan.fingerprints));
  }
  LoadOutcome outcome = LoadOutcome::Swapped(plan.Problems(), std::move(plan.fingerprints));
  outcome.changes = Changes(running, *next);
  outcome.detail = absl::StrCat("generation ", next->generation->id);
  outcome.files = FilesOf(next->config);
  return outcome;
}

// Builds the snapshot of `plan` and has it activated; revises the plan if that fails. Returns the
// snapshot that is in use now, or null if nothing was left to activate.
SnapshotPtr Loader::Realize(const Snapshot& running, Activator& activator, ReloadPlan* plan) {
  while (plan->config != running.config ||
         plan->rotation.generation->id != running.generation->id) {
    std::string at_fault;
    absl::StatusOr<SnapshotPtr> next = BuildAndActivate(running, *plan, activator, &at_fault);
    if (next.ok()) return *std::move(next);
    if (absl::IsCancelled(next.status()) ||
        !Revise(running, std::string(next.status().message()), at_fault, activator, plan)) {
      return nullptr;
    }
  }
  return nullptr;
}

absl::StatusOr<SnapshotPtr> Loader::BuildAndActivate(const Snapshot& running,
                                                     const ReloadPlan& plan, Activator& activator,
                                                     std::string* at_fault) {
  absl::StatusOr<std::shared_ptr<Snapshot>> next =
      BuildSnapshot(plan.config, plan.rotation.generation, &running, clock_, at_fault);
  if (!next.ok()) return next.status();
  if (absl::Status status = activator.Activate(*next); !status.ok()) return status;
  return *std::move(next);
}

// Removes from `plan` what failed for `reason`: the files of the listener `at_fault` if its
// settings are those in use, the whole configuration otherwise. Returns false if that was tried
// before.
bool Loader::Revise(const Snapshot& running, const std::string& reason, const std::string& at_fault,
                    Activator& activator, ReloadPlan* plan) {
  const certs::Generation& in_use = *running.generation;
  const config::Listener* now = certs::FindListener(running.config, at_fault);
  const config::Listener* then = certs::FindListener(plan->config, at_fault);
  if (now != nullptr && then != nullptr && *now == *then && !plan->rotation.Holds(at_fault)) {
    certs::Hold(at_fault, reason, in_use, &plan->rotation);
    return true;
  }
  activator.Discard();
  if (!plan->refused.empty()) {
    plan->refused = reason;
    return false;
  }
  planner_.Reject(reason, running.config, in_use, plan);
  return true;
}

std::vector<std::string> Loader::FilesOf(const config::Config& config) {
  std::vector<std::string> files = certs::MaterialFiles(config);
  files.push_back(config.file);
  return files;
}

}  // namespace mantlet::server
