# Functions for Debian packages that are unpacked and not installed: no maintainer script runs, so
# no service is enabled or started and no user is created. Sourced by tools/bootstrap.

# download_package WORK NAME: leaves the package in WORK/download, where WORK belongs to
# the caller. Returns 1 if the machine's mirror does not have it; WORK/fetch.log has the reason.
download_package() {
  local work=$1 name=$2
  # As root, apt downloads as its own user, who needs access to the folder.
  chmod 755 "$work"
  mkdir -p "$work/download"
  if [ "$(id -u)" -eq 0 ] && id _apt >/dev/null 2>&1; then chown _apt "$work/download"; fi
  (cd "$work/download" && apt-get download "$name") >>"$work/fetch.log" 2>&1 \
    || { refresh_lists && (cd "$work/download" && apt-get download "$name") >>"$work/fetch.log" 2>&1; }
}

# unpack_packages WORK FOLDER: unpacks everything in WORK/download into FOLDER.
unpack_packages() {
  local work=$1 folder=$2 archive
  for archive in "$work"/download/*.deb; do
    dpkg-deb -x "$archive" "$folder" || return 1
  done
}

# libraries_of NAME...: prints the library packages on which these packages depend.
libraries_of() {
  local name
  for name; do
    apt-get -s install --no-install-recommends "$name" 2>/dev/null
  done | sed -n 's/^Inst \(lib[^ ]*\) .*/\1/p' | sort -u
}
