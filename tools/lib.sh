# What the commands in tools/ share. Sourced by them, never run.
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
# A python3 or bazel found earlier in PATH may know nothing of Debian's packages.
python=/usr/bin/python3
bazel=/usr/bin/bazel

# step TEXT: a headline for what comes next.
step() { printf '== %s\n' "$*"; }

# note TEXT: a detail under a headline.
note() { printf '   %s\n' "$*"; }

# die TEXT...: one line per argument on stderr, then exit 1.
die() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  shift
  [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}

# usage: the comment at the head of the running command, without its marks.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# without_urls: copies stdin to stdout, less the addresses of this machine's mirrors.
without_urls() { sed -u -E 's#[a-z+]+://[^ ]*/##g'; }

# progress TEXT LOG COMMAND...: runs COMMAND with its output in LOG and says
# every 15 seconds how far it is. Returns COMMAND's status; shows the end of LOG
# if that is not 0.
progress() {
  local text=$1 log=$2 start=$SECONDS status=0 ticker
  shift 2
  note "$text ..."
  (
    exec 9>&-  # a lock of the caller is not ours to keep
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

# as_root COMMAND...: runs it as root, through sudo where needed. Only after
# can_be_root has said yes.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo -- "$@"
  fi
}

# can_be_root: is this root, or is there a sudo that lets us?
can_be_root() {
  [ "$(id -u)" -eq 0 ] && return 0
  command -v sudo >/dev/null || return 1
  sudo -n true 2>/dev/null && return 0
  # It would ask for a password: only where somebody can type one.
  [ -t 0 ] && sudo -v
}
