# BoringSSL, built at full speed from the upstream tarball of Debian's source package. Debian's
# binary package is built for size: three times slower at ECDSA. A change of the result needs a new
# recipe number in tools/bootstrap. Sourced by tools/bootstrap.

boringssl_package=android-platform-external-boringssl
# The version that this repository is tested with. A later upload to the same suite with a valid
# signature is also used, and reported.
boringssl_sha256=f9223e8c15ad5d9e3f1cd50861f4c272658864661e2332bea5d60952aa0930cd

# boringssl_install WORK PREFIX: builds in the folder WORK, installs into PREFIX.
boringssl_install() {
  local work=$1 prefix=$2 source
  archive_fetch source "$boringssl_package" '*.orig.tar.xz' || return 1
  if [ "$archive_sha256" != "$boringssl_sha256" ]; then
    note "the archive has a different BoringSSL than the tested one: $(basename "$archive_file")"
  fi
  mkdir -p "$work/unpacked"
  tar -xJf "$archive_file" -C "$work/unpacked" || return 1
  source=$(echo "$work"/unpacked/*/)
  # The tarball has Bazel build files, but no WORKSPACE. Warnings are disabled, because they were
  # chosen for older compilers.
  touch "$source/WORKSPACE"
  sed -i '/"-Werror",/d' "$source/BUILD"
  local startup=(--output_base="$work/bazel" --nohome_rc --noworkspace_rc --batch)
  local options=(
    -c opt --nosandbox_debug --color=no --curses=no --show_progress_rate_limit=5
    # One set of objects is enough: these archives go into executables only.
    --features=-supports_pic --features=-supports_dynamic_linker
    # X25519 is written in C here. These options of g++ 12 make it a fifth faster than -O2; with the
    # inlining of -O3, half of that is lost.
    --copt=-O3 --copt=-fno-inline-functions --copt=-fomit-frame-pointer
    --override_repository=rules_cc="$repo/tools/bazel/rules_cc"
    --override_repository=rules_java=/usr/share/bazel/rules/java
  )
  (cd "$source" && progress "building BoringSSL (a minute or two)" "$work/build.log" \
    "$bazel" "${startup[@]}" build "${options[@]}" //:ssl //:crypto) || return 1
  mkdir -p "$prefix/include" "$prefix/lib"
  cp -r "$source/src/include/openssl" "$prefix/include/"
  install -m 644 "$source"/bazel-bin/lib{crypto,ssl}.a "$prefix/lib/" || return 1
  install -m 644 "$source/LICENSE" "$prefix/" || return 1
}
