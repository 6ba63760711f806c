#!/usr/bin/env bash
# Installs the system packages that the whole test suite and the benchmarks use. The one caller of apt in this
# repository; does nothing where every command is already there. Works as root, or as a user who may use sudo.
set -euo pipefail

# command:package
wanted=(
    sipp:sip-tester        # simulated callers, agents and media servers
    kamailio:kamailio      # the yardstick of bench/: plain stateful proxying; in tests a proxy that stays in the path
    baresip:baresip-core   # a real phone
    sipsak:sipsak          # OPTIONS and REGISTER by somebody else
    tshark:tshark          # judges what we say on the wire
    initdb:postgresql      # the database of larger installations: tests start one of their own
)
# Packages that bring a service we want neither started now nor enabled at the next boot.
services=(kamailio postgresql)

PATH=$PATH:/usr/sbin:/sbin
for folder in /usr/lib/postgresql/*/bin; do # Debian keeps the server's programs apart, by version
    PATH=$PATH:$folder
done

missing=()
for pair in "${wanted[@]}"; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing+=("${pair##*:}")
done
if ((${#missing[@]} == 0)); then
    exit 0
fi

complain() {
    printf 'system packages: missing: %s\n' "${missing[*]}" >&2
    printf 'system packages: %s\n' "$@" >&2
    exit 1
}

command -v apt-get >/dev/null 2>&1 ||
    complain "this is not a Debian or Ubuntu system; install these programs by other means (SIPp, Kamailio, baresip, sipsak, tshark, PostgreSQL)."

as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null 2>&1 || complain "run 'apt-get install ${missing[*]}' as root: sudo is not installed."
    as_root=(sudo)
    # Without a terminal sudo could not ask for a password: say so instead of failing obscurely.
    [[ -t 0 ]] || sudo -n true 2>/dev/null ||
        complain "run 'sudo apt-get install ${missing[*]}' by hand: sudo asks for a password and there is no terminal."
fi

# While policy-rc.d says 101, maintainer scripts start no service (Debian policy §9.3.3). An administrator's own
# policy is left in place.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
fi

# Some packages ask a question while they are set up (debconf): take their defaults, never wait.
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true NEEDRESTART_SUSPEND=1 \
        apt-get -qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@"
}

printf 'system packages: installing %s\n' "${missing[*]}"
apt update || complain "'apt-get update' failed: is there a network, and are the package sources right?"
apt install -y --no-install-recommends "${missing[@]}" >/dev/null ||
    complain "'apt-get install ${missing[*]}' failed; on Ubuntu they are in the 'universe' component."

if command -v systemctl >/dev/null 2>&1; then
    for service in "${services[@]}"; do
        if [[ " ${missing[*]} " == *" $service "* ]]; then
            "${as_root[@]}" systemctl disable --quiet "$service" 2>/dev/null || true
        fi
    done
fi
