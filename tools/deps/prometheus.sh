# prometheus-cpp: headers and static library of its core part, built from the upstream tarball of
# Debian's source package. Debian's own packages have only a shared library, and the binary that is
# released links everything but glibc statically. A change of the result needs a new recipe number in
# tools/bootstrap. Sourced by tools/bootstrap.

# prometheus_install WORK PREFIX: builds in the folder WORK, installs into PREFIX.
prometheus_install() {
  local work=$1 prefix=$2 source version
  archive_fetch source prometheus-cpp '*.orig.tar.*' || return 1
  mkdir -p "$work/unpacked" "$work/objects" "$prefix/include" "$prefix/lib"
  tar -xf "$archive_file" -C "$work/unpacked" || return 1
  source=$(echo "$work"/unpacked/*/)
  source=${source%/}
  version=${source##*-}
  cp -r "$source/core/include/prometheus" "$prefix/include/"
  # CMake would generate the first; the second is for `mantlet version`.
  printf '#pragma once\n#define PROMETHEUS_CPP_CORE_EXPORT\n' >"$prefix/include/prometheus/detail/core_export.h"
  printf '#pragma once\n#define PROMETHEUS_CPP_VERSION "%s"\n' "$version" >"$prefix/include/prometheus/version.h"
  progress "building prometheus-cpp $version (half a minute)" "$work/build.log" \
    prometheus_compile "$source/core/src" "$work/objects" "$prefix" || return 1
  install -m 644 "$source/LICENSE" "$prefix/" || return 1
}

# prometheus_compile SOURCE OBJECTS PREFIX: compiles relative names, so that the archive does not
# contain the name of a temporary folder.
prometheus_compile() {
  local file flags=(-std=c++17 -O2 -fPIE -fno-omit-frame-pointer -fstack-protector-strong -fstack-clash-protection
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS)
  [ "$(uname -m)" != x86_64 ] || flags+=(-fcf-protection=full)
  cd "$1" || return 1
  find . -name '*.cc' -printf '%P\n' | LC_ALL=C sort >"$2/files"
  while read -r file; do
    printf '%s\0-o\0%s\0' "$file" "$2/${file//\//_}.o"
  done <"$2/files" | xargs -0 -n 3 -P "$(nproc)" g++ "${flags[@]}" -I "$3/include" -I . -c || return 1
  ar rcsD "$3/lib/libprometheus-cpp-core.a" "$2"/*.o
}
