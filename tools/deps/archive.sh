# Access to another suite of the Debian archive through a private apt configuration: fetches single
# files from the mirrors of this machine, checks Debian's signatures, and does not change the
# machine's apt configuration and lists. Sourced.
#
# archive_open FOLDER SUITE first, then archive_fetch.

# archive_open FOLDER SUITE: creates the configuration in FOLDER, or dies with the reason.
archive_open() {
  local folder=$1 suite=$2 mirror
  archive_folder=$folder
  mkdir -p "$folder"/{mirrors,sources.d,lists/partial,cache/archives/partial,download}
  # As root, apt downloads as its own user, which needs access to the folder.
  chmod 755 "$folder"
  if [ "$(id -u)" -eq 0 ] && id _apt >/dev/null 2>&1; then
    chown _apt "$folder/lists/partial" "$folder/cache/archives/partial" "$folder/download"
  fi
  : >"$folder/status"
  cat >"$folder/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb;
Acquire::IndexTargets::deb::Packages {
  MetaKey "\$(COMPONENT)/binary-\$(ARCHITECTURE)/Packages";
  ShortDescription "Packages";
  Description "\$(RELEASE)/\$(COMPONENT) \$(ARCHITECTURE) Packages";
};
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "3";
APT::Default-Release "$suite";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$folder/sources.d";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "$folder/lists";
Dir::State::status "$folder/status";
Dir::Cache "$folder/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
CONF
  "$python" "$repo/tools/deps/apt_sources.py" "$suite" "$(dpkg --print-architecture)" "$folder/mirrors"
  for mirror in "$folder"/mirrors/*.sources; do
    [ -e "$mirror" ] || break
    cp "$mirror" "$folder/sources.d/archive.sources"
    if progress "reading the index of Debian's suite $suite" "$folder/update.log" \
        apt-get -c "$folder/apt.conf" -o APT::Update::Error-Mode=any update \
        && grep -qsx 'Origin: Debian' "$folder"/lists/*Release \
        && grep -qsx 'Label: Debian' "$folder"/lists/*Release \
        && grep -qsx "Codename: $suite" "$folder"/lists/*Release; then
      return 0
    fi
  done
  die "none of the Debian mirrors in this machine's apt sources offers the suite $suite (signed by Debian)." \
    "Add one, or point the build at install prefixes of your own: BORINGSSL_ROOT, LLHTTP_ROOT and PROMETHEUS_ROOT."
}

# archive_fetch source|download PACKAGE PATTERN: downloads the one file of a source package
# ("source") or binary package ("download") whose name matches the shell pattern. Sets $archive_file
# to its path and $archive_sha256 to its signed SHA-256.
archive_fetch() {
  local kind=$1 package=$2 pattern=$3 uri name hash
  while read -r uri name _ hash; do
    # shellcheck disable=SC2053  # the pattern is one
    [[ $name == $pattern && $hash == SHA256:* ]] || continue
    uri=${uri#\'}
    archive_file=$archive_folder/download/$name
    archive_sha256=${hash#SHA256:}
    progress "downloading $name" "$archive_folder/fetch.log" \
      /usr/lib/apt/apt-helper -c "$archive_folder/apt.conf" \
      download-file "${uri%\'}" "$archive_file" "$hash" || return 1
    echo "$archive_sha256  $archive_file" | sha256sum --check --quiet || return 1
    return 0
  done < <(apt-get -c "$archive_folder/apt.conf" --print-uris "$kind" "$package" 2>/dev/null | grep "^'")
  note "the archive has no file $pattern of $package"
  return 1
}
