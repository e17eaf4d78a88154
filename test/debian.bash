# A minimal Debian in a directory, for tests; sourced. The release, the mirror and the ways to it are
# those of this machine.

debian_release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# Outlives a checkout, so that a clean clone need not fetch everything again.
debian_cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/pgstatsmon

debian_sources() { # lines for a sources.list; fails when apt knows no mirror of the release
  apt-get indextargets --format "deb \$(SITE) \$(RELEASE) \$(COMPONENT)" 'Identifier: Packages' |
    grep -E "^deb [^ ]+ $debian_release(-updates|-security)? " | sort -u
}

unpack_debian() { # DIRECTORY [PACKAGE...]: fills a new directory; of debootstrap's minbase, and packages
  local root=$1 sources base mirror
  shift
  sources=$(debian_sources || { apt-get -q update >/dev/null && debian_sources; }) || {
    echo "apt knows no mirror of $debian_release" >&2
    return 1
  }
  base=$debian_cache/$(printf '%s-' minbase "$@" "$debian_release")$(dpkg --print-architecture).tar
  mkdir -p "$root" "$debian_cache"
  # Nothing is kept for ever, and nothing old is used.
  find "$debian_cache" -type f -ctime +60 -delete
  if [[ -f $base ]]; then
    tar --extract --numeric-owner --file "$base" --directory "$root"
  else
    mirror=$(sed -n "s/^deb \([^ ]*\) $debian_release .*/\1/p" <<<"$sources" | head -1)
    debootstrap --variant=minbase ${1:+--include="$(IFS=, && echo "$*")"} "$debian_release" \
      "$root" "$mirror" >"$root.log" 2>&1 </dev/null || {
      tail -20 "$root.log" >&2
      return 1
    }
    rm -f "$root.log"
    tar --create --numeric-owner --file "$base.$$" --directory "$root" .
    mv "$base.$$" "$base"
  fi
  printf '%s\n' "$sources" >"$root/etc/apt/sources.list"
  apt-config dump | grep -E '^Acquire::(https?|Retries)' >"$root/etc/apt/apt.conf.d/99mirror" || true
  # For a mirror that has https; other programs are to find what their packages bring.
  if [[ -f /etc/ssl/certs/ca-certificates.crt ]]; then
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/apt/mirror.crt"
    echo 'Acquire::https::CAInfo "/etc/apt/mirror.crt";' >>"$root/etc/apt/apt.conf.d/99mirror"
  fi
  cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
}
