# Debian packages, for the scripts beside this one to source.

# What release-plan runs; `release-plan doctor` lists the same.
RUN_PACKAGES="kas git xz-utils squashfs-tools e2fsprogs erofs-utils openssl cpio rdiff swupdate ostree zstd libdeflate-tools fdisk util-linux"

# What the tests run besides.
TEST_PACKAGES="python3-venv locales systemd cron zsh fish procps rsync softhsm2 libengine-pkcs11-openssl libubootenv0.1 busybox-static attr gnupg rpm libxml2-utils redis-server chromium tmux iproute2"

# Installs what is missing of its arguments; without root, says which and how, and ends with exit code 5.
require_packages() {
  missing=""
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "These Debian packages are missing:$missing" >&2
    echo "Install them with: sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 5
  fi
  echo "Installing Debian packages:$missing" >&2
  export DEBIAN_FRONTEND=noninteractive
  # apt reads standard input of a caller such as `curl | sh`; it must not.
  apt-get update -qq </dev/null >&2
  apt-get install -y -qq --no-install-recommends $missing </dev/null >&2
}

require_node() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "Node.js 20 or later and npm are needed." >&2
    exit 5
  fi
  node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' || {
    echo "Node.js $(node --version) is too old: 20 or later is needed." >&2
    exit 5
  }
}

# npm packages as the lock file says, and dist/; skipped where neither changed since the last time.
build_release_plan() {
  stamp=node_modules/.release-plan-lock
  if ! cmp -s package-lock.json "$stamp"; then
    npm ci --no-audit --no-fund >&2
    cp package-lock.json "$stamp"
  fi
  npm run --silent build >&2
}
