#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A private SLURM on this machine (munged, slurmctld, one slurmd a node), to submit real jobs to:
#
#   tests/slurm.sh FOLDER start [NODES]   two nodes by default; returns when all are idle
#   tests/slurm.sh FOLDER stop            cancel all jobs, end the daemons
#   eval "$(tests/slurm.sh FOLDER env)"   what sbatch, srun, squeue and scontrol need
#
# Needs slurm-wlm and munge; no systemd, no cgroups, no files outside FOLDER (an absolute path of
# 60 characters at most: there are UNIX sockets in it).
set -u
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
D=${1:-}
command=${2:-}
nodes=${3:-2}
port=${SLURM_TEST_PORT:-27817}
cpus=4 # announced a node, whatever there is
export SLURM_CONF=$D/slurm.conf

die() {
  echo "slurm.sh: $*" >&2
  exit 1
}
case $D in /*) ;; *) die "usage: tests/slurm.sh FOLDER start|stop|env" ;; esac
[ ${#D} -le 60 ] || die "$D: too long for a UNIX socket (60 characters at most)"

# A file run/NAME holds "pid start": a process number that is used again has another start time.
started() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
process() {
  local pid start
  { read -r pid start <"$D/run/$1"; } 2>/dev/null || return 1
  [ "$(started "$pid")" = "$start" ] && echo "$pid"
}
spawn() {
  local name=$1
  shift
  setsid "$@" </dev/null >>"$D/log/$name.out" 2>&1 &
  echo "$! $(started $!)" >"$D/run/$name"
}
wait_for() { # wait_for SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}
is_gone() { ! process "$1" >/dev/null; }
end_daemon() {
  local pid
  if pid=$(process "$1"); then
    kill "$pid"
    wait_for 10 is_gone "$1" || kill -KILL "$pid"
  fi
  rm -f "$D/run/$1"
}
# slurmstepd processes of this SLURM: they hold files in its folder.
steps() {
  local p
  for p in /proc/[0-9]*; do
    case $(readlink "$p/exe" 2>/dev/null) in */slurmstepd*) ;; *) continue ;; esac
    # shellcheck disable=SC2010
    ls -l "$p/fd" 2>/dev/null | grep -qF -- "-> $D/" && echo "${p#/proc/}"
  done
}
no_steps() { [ -z "$(steps)" ]; }

write_conf() {
  local host k
  host=$(hostname -s 2>/dev/null || hostname)
  mkdir -p "$D"/run "$D"/log "$D"/state "$D"/munge
  for ((k = 1; k <= nodes; k++)); do mkdir -p "$D/tmp/n$k" "$D/spool/n$k"; done
  chmod 700 "$D/state"
  (umask 077 && head -c 1024 /dev/urandom >"$D/munge/key")
  # slurmd always loads a cgroup plug-in: "autodetect" dies where nothing is mounted and v2 wants
  # systemd; v1 touches nothing until it is used.
  echo "CgroupPlugin=cgroup/v1" >"$D/cgroup.conf"
  # Open MPI names shared-memory files by host and local rank, which these nodes have in common.
  # shellcheck disable=SC2016
  printf '#!/bin/sh\necho "export OMPI_MCA_btl_vader_backing_directory=%s/tmp/$SLURMD_NODENAME"\n' \
    "$D" >"$D/task-prolog"
  chmod 755 "$D/task-prolog"
  {
    cat <<CONF
ClusterName=tauflow
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
# cred_expire is also how long a requeued job waits (120 s by default)
AuthInfo=socket=$D/munge/socket,cred_expire=5
StateSaveLocation=$D/state
SlurmdSpoolDir=$D/spool/%n
SlurmctldPidFile=$D/run/slurmctld.pid
SlurmdPidFile=$D/run/slurmd-%n.pid
SlurmctldLogFile=$D/log/slurmctld.log
SlurmdLogFile=$D/log/slurmd-%n.log
TmpFS=$D/tmp/%n
TaskProlog=$D/task-prolog
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=pmix
PlugStackConfig=/dev/null
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
PropagateResourceLimitsExcept=MEMLOCK
JobRequeue=1
KillWait=5
MinJobAge=3600
ReturnToService=2
CompleteWait=0
CONF
    for ((k = 1; k <= nodes; k++)); do
      echo "NodeName=n$k NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + k))" \
        "CPUs=$cpus RealMemory=4096 State=UNKNOWN"
    done
    echo "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO"
  } >"$SLURM_CONF"
}

munge_up() { munge --socket="$D/munge/socket" -n | unmunge --socket="$D/munge/socket"; }
controller_up() { timeout 5 scontrol ping | grep -q 'is UP'; }
nodes_idle() { [ "$(sinfo -h -N -o '%T' | grep -c '^idle$')" -eq "$nodes" ]; }

start() {
  local k
  write_conf || die "cannot write $D"
  spawn munged munged --foreground --key-file="$D/munge/key" --socket="$D/munge/socket" \
    --pid-file="$D/munge/pid" --log-file="$D/munge/log" --seed-file="$D/munge/seed" --num-threads=2
  wait_for 30 munge_up || give_up munged
  spawn slurmctld slurmctld -D -c -f "$SLURM_CONF"
  wait_for 30 controller_up || give_up slurmctld
  for ((k = 1; k <= nodes; k++)); do spawn "slurmd-n$k" slurmd -D -N "n$k" -f "$SLURM_CONF"; done
  wait_for 30 nodes_idle || give_up slurmd
}

stop() {
  local name jobs
  if ! is_gone slurmctld; then
    jobs=$(timeout 5 squeue -h -o %F 2>/dev/null | sort -u | tr '\n' ' ')
    # shellcheck disable=SC2086
    [ -z "$jobs" ] || timeout 10 scancel --full $jobs >/dev/null 2>&1
  fi
  for name in "$D"/run/slurmd-n*; do
    case $name in *.pid | *'*') ;; *) end_daemon "$(basename "$name")" ;; esac
  done
  end_daemon slurmctld
  # shellcheck disable=SC2046
  wait_for 5 no_steps || kill -KILL $(steps) 2>/dev/null
  end_daemon munged
}

give_up() {
  tail -n 8 "$D"/log/* >&2
  stop
  die "$1 did not start"
}

case $command in
  start) start ;;
  stop) stop ;;
  env)
    echo "export SLURM_CONF=$SLURM_CONF"
    ;;
  *) die "usage: tests/slurm.sh FOLDER start|stop|env" ;;
esac
