#!/usr/bin/env bash
# Sets up everything on Debian or Ubuntu: system packages where they are missing, a virtual
# environment in .venv, and in it what requirements.txt pins; with --tests also what only the tests
# need: PyTorch, Keras and ONNX to compare with, a PostgreSQL server, two families of fonts. With
# --unpinned all that, in the newest versions that pyproject.toml allows, to see what will break.
# Run again, it only does what is left.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

case "${1:-}" in
  "" | --tests | --unpinned) ;;
  *) echo "setup: unknown argument $1; expected nothing, --tests or --unpinned" >&2; exit 2 ;;
esac

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

# there NAME: whether a command of this name is there, or the file of a font or a library
there() {
  command -v "$1" >/dev/null \
    || [ -n "$(find /usr/share/fonts /usr/lib -name "$1" -print -quit 2>/dev/null)" ]
}

updated=no
# install NAME PACKAGE...: by apt-get, if NAME is not there; the first package that can be had
install() {
  local command=$1 package; shift
  there "$command" && return
  if ! command -v apt-get >/dev/null; then
    echo "setup: $command is missing and there is no apt-get; install one of: $*" >&2; return 1
  fi
  if [ "$updated" = no ]; then as_root apt-get update -qq; updated=yes; fi
  for package in "$@"; do
    echo "setup: installing $package"
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null \
      && there "$command"; then return; fi
  done
  echo "setup: could not install any of: $*" >&2; return 1
}

for candidate in python3.13 python3.12 python3.11 python3; do
  if command -v "$candidate" >/dev/null && "$candidate" -c \
    'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then python=$candidate; break; fi
done
if [ -z "${python:-}" ]; then
  echo "setup: Python 3.11, 3.12 or 3.13 is needed; found: $(python3 --version 2>&1 || echo none)" >&2
  exit 1
fi

# Without the sandbox nothing is graded, and without a browser the pages are not tested; all else
# works, so a machine that cannot have them goes on.
install bwrap bubblewrap || true
install chromium chromium || true
install libatomic.so.1 libatomic1 || true # what drives the browser needs it
if [ -n "${1:-}" ]; then
  # its client's name is on the path; the server's programs lie where the tests look for them
  install psql postgresql || true
  # the figures have to have one size in each of them, and in both
  install DejaVuSans.ttf fonts-dejavu-core || true
  install LiberationSans-Regular.ttf fonts-liberation || true
fi

if [ ! -x .venv/bin/python ]; then
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    if [ "$updated" = no ]; then as_root apt-get update -qq; updated=yes; fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$version-venv" >/dev/null
  fi
  "$python" -m venv .venv
fi

# pins FILE: installs what it pins, unless that is what was installed last
pins() {
  if ! cat "$1" pyproject.toml | cmp -s - ".venv/$1.installed"; then
    echo "setup: installing what $1 pins (some minutes the first time)"
    .venv/bin/pip install -q --disable-pip-version-check -r "$1"
    cat "$1" pyproject.toml > ".venv/$1.installed"
  fi
}

if [ "${1:-}" = --unpinned ]; then
  rm -f .venv/*.installed # so that the next run goes back to the pins
  .venv/bin/pip install -q --disable-pip-version-check --upgrade --upgrade-strategy eager \
    -e '.[test,torch]'
  exit
fi
pins requirements.txt
if [ "${1:-}" = --tests ]; then pins requirements-torch.txt; fi
