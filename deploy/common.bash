# What run and test share: Debian's packages, and Swift.

# What a build needs (libpq-dev, libssl-dev, pkg-config), what running needs (postgresql: its programs, for a private
# server on a socket; tzdata: the practices' clocks).
needed=(pkg-config libpq-dev libssl-dev postgresql tzdata)

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

is_installed() {
    # Any version of PostgreSQL that can make a cluster will do.
    if [ "$1" = postgresql ] && compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then return; fi
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Installs what is missing and nothing else: quick, and without root, when all is there. The server that Debian's package
# starts by itself is left alone.
install_packages() {
    local missing=() package
    for package in "$@"; do is_installed "$package" || missing+=("$package"); done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || fail "These packages are missing, and there is no apt-get to install them: ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "Run this as root, or as a user who may sudo, once: ${missing[*]} must be installed."
        as_root=(sudo)
    fi
    say "Installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq </dev/null >&2 || say "apt-get update failed; trying with the lists there are."
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        </dev/null >&2 || fail "apt-get could not install ${missing[*]}."
}

# Swift is presupposed: Debian has none that is new enough.
check_swift() {
    local version
    command -v swift >/dev/null || fail "Swift 6.3 or later must be installed: https://www.swift.org/install/linux/"
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' | head -n 1)
    [ -n "$version" ] || fail "\`swift --version\` does not say its version; Swift 6.3 or later is needed."
    if [ "$(printf '%s\n6.3\n' "$version" | sort -V | head -n 1)" != 6.3 ]; then
        fail "Swift $version is too old; 6.3 or later is needed: https://www.swift.org/install/linux/"
    fi
}
