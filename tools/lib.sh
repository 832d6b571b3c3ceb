# Functions that the commands in tools/ share. Sourced by them, never run.
#
# Sourcing it sets the shell's strict mode and these variables:
#   repo    the top of this repository
#   cache   what may be kept between runs: $MANTLET_CACHE, else XDG's cache folder
#   python  the system's Python, the one that Debian's python3-* packages serve
#   bazel   the system's Bazel

set -euo pipefail
export LC_ALL=C.UTF-8
umask 022

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# tools/bazel/prefix_repository.bzl has the same rule.
cache=${MANTLET_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/mantlet}
# A python3 or bazel found earlier in PATH may not support Debian's packages.
python=/usr/bin/python3
bazel=/usr/bin/bazel

# step TEXT: prints a headline.
step() { printf '== %s\n' "$*"; }

# note TEXT: prints a detail under a headline.
note() { printf '   %s\n' "$*"; }

# die TEXT...: prints one line per argument to stderr and exits with 1.
die() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  shift
  [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}

# usage: prints the comment at the head of the running command.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# without_urls: copies stdin to stdout without the addresses of this machine's mirrors.
without_urls() { sed -u -E 's#[a-z+]+://[^ ]*/##g'; }

# progress TEXT LOG COMMAND...: runs COMMAND with its output in LOG and prints the progress every 15
# seconds. Returns COMMAND's status; prints the end of LOG if that is not 0.
progress() {
  local text=$1 log=$2 start=$SECONDS status=0 ticker
  shift 2
  note "$text ..."
  (
    exec 9>&-  # releases a lock of the caller
    while sleep 15 </dev/null >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
      printf '   ... %3d s  %.100s\n' $((SECONDS - start)) \
        "$(tail -c 4000 "$log" | tr '\r' '\n' | without_urls | grep -v '^ *$' | tail -n 1)"
    done
  ) &
  ticker=$!
  "$@" </dev/null >"$log" 2>&1 || status=$?
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  if [ $status -eq 0 ]; then
    note "$text: done in $((SECONDS - start)) s"
  else
    note "$text: failed after $((SECONDS - start)) s. The end of its output:"
    tail -n 60 "$log" | without_urls | cut -c 1-300 | sed -e 's/^/     | /' -e '$a\'
  fi
  return $status
}

# as_root COMMAND...: runs COMMAND as root, through sudo if necessary. Requires that can_be_root has
# succeeded.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo -- "$@"
  fi
}

# can_be_root: succeeds as root, or if sudo is permitted.
can_be_root() {
  [ "$(id -u)" -eq 0 ] && return 0
  command -v sudo >/dev/null || return 1
  sudo -n true 2>/dev/null && return 0
  # sudo would ask for a password, which needs a terminal.
  [ -t 0 ] && sudo -v
}
