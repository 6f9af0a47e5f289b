#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Install what tauflow needs and is not there yet (Debian 12, Ubuntu 24.04; root or sudo).
#
# Run it, or source it: then the settings under which programs run on one machine are exported too.
# Nothing is downloaded when nothing is missing. Without apt it installs nothing and says so.
set -euo pipefail

# Only libopenblas-dev of the OpenBLAS variants: with a second one beside it a program may end up
# with both, and with two sets of threads.
packages=(
  build-essential cmake pkg-config git
  libopenmpi-dev openmpi-bin libhdf5-openmpi-dev hdf5-tools
  libopenblas-dev liblapacke-dev libscalapack-openmpi-dev libsundials-dev libpetsc-real-dev
  libyaml-dev librandom123-dev libxxhash-dev zlib1g-dev check
  python3-h5py python3-matplotlib python3-numpy python3-scipy
)

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "setup: must be root, or have sudo, to install: ${missing[*]}" >&2
    return 1
  fi
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=500 "$@"
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  missing=()
  for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
  done
  if [ "${#missing[@]}" -gt 0 ]; then
    echo "setup: installing ${missing[*]}"
    apt update
    apt install -y --no-install-recommends "${missing[@]}"
  fi
else
  echo "setup: no apt here; going on with what is installed" >&2
fi

# The tools that apt installed come before others of the same name.
export PATH="/usr/bin:$PATH"
# Open MPI wants to be told twice that root may start programs.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# More ranks than cores work, if ranks are not bound to cores and give way while they wait.
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_mpi_yield_when_idle=1
# Ranks are the parallelism; a rank has one thread.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# Used only for a new build folder.
if command -v ninja >/dev/null; then
  export CMAKE_GENERATOR="${CMAKE_GENERATOR:-Ninja}"
fi
