#include "proxy/server/reload_planner.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace mantlet::server {

std::vector<ReloadSchedule::Problem> ReloadPlan::Problems() const {
  std::vector<ReloadSchedule::Problem> problems;
  if (!refused.empty()) problems.push_back({"", refused, refused_by_files});
  for (const certs::HeldListener& held : rotation.held) {
    problems.push_back({held.name, held.reason, true});
  }
  return problems;
}

certs::Fingerprint ReloadPlanner::ReadConfig(const std::string& path, config::LoadResult* loaded) {
  absl::StatusOr<certs::FileContent> text = reader_.Read(path);
  // The loader explains better why a file cannot be read.
  *loaded = text.ok() && text->bytes.size() <= config::kMaxFileBytes
                ? config::LoadText(text->bytes, path, environment_)
                : config::LoadFile(path, environment_);
  return certs::FingerprintOf(text);
}

ReloadPlanner::Material ReloadPlanner::Read(const config::Config& config,
                                            const certs::Generation& in_use,
                                            const certs::Fingerprints* polled,
                                            certs::Fingerprints* fingerprints) {
  Material material;
  certs::Fingerprints read;
  absl::StatusOr<certs::MaterialSnapshot> reading =
      certs::GenerationLoader::ReadAll(config, reader_, polled, &read, &in_use, &material.unstable);
  // This does not fail, because unstable files are collected.
  material.built = certs::BuildGeneration(config, *reading, clock_.WallSeconds(), &in_use);
  certs::Wipe(&reading->files);
  // The last reading is the valid one.
  for (auto& [path, fingerprint] : read) (*fingerprints)[path] = std::move(fingerprint);
  return material;
}

ReloadPlan ReloadPlanner::Plan(const config::Config& running, const certs::Generation& in_use,
                               const certs::Fingerprints* polled) {
  ReloadPlan plan;
  config::LoadResult loaded;
  const certs::Fingerprint state = ReadConfig(running.file, &loaded);
  plan.fingerprints[running.file] = state;
  if (!loaded.config.has_value()) {
    plan.refused = std::string(loaded.status().message());
    KeepRunning(running, nullptr, in_use, polled, &plan);
    return plan;
  }
  const config::Config& on_disk = *loaded.config;
  if (const absl::Status permitted = permits_(on_disk); !permitted.ok()) {
    plan.refused = std::string(permitted.message());
    KeepRunning(running, &on_disk, in_use, polled, &plan);
    return plan;
  }
  Material material = Read(on_disk, in_use, polled, &plan.fingerprints);
  // A half-written configuration may be valid but incomplete.
  if (certs::FingerprintOf(reader_.Read(running.file)) != state) {
    plan.refused = absl::StrCat(running.file, " changed while it was read; retrying");
    plan.refused_by_files = true;
    KeepRunning(running, nullptr, in_use, polled, &plan);
    return plan;
  }
  plan.rotation = certs::Rotate(on_disk, material.built, material.unstable, running, in_use);
  if (plan.rotation.generation == nullptr) {
    plan.refused = plan.rotation.refused;
    plan.refused_by_files = true;
    KeepRunning(running, &on_disk, in_use, polled, &plan);
    return plan;
  }
  plan.config = on_disk;
  return plan;
}

void ReloadPlanner::Reject(const std::string& reason, const config::Config& running,
                           const certs::Generation& in_use, ReloadPlan* plan) {
  const config::Config on_disk = plan->config;
  plan->refused = reason;
  KeepRunning(running, &on_disk, in_use, nullptr, plan);
}

void ReloadPlanner::KeepRunning(const config::Config& running, const config::Config* on_disk,
                                const certs::Generation& in_use, const certs::Fingerprints* polled,
                                ReloadPlan* plan) {
  const Material material = Read(running, in_use, polled, &plan->fingerprints);
  plan->config = running;
  plan->rotation = certs::RotateUnder(running, material.built, material.unstable, on_disk, in_use);
}

}  // namespace mantlet::server
