# Common parts of the LAVA acceptance lab's scripts. Sourced by them, never run.
# shellcheck shell=bash disable=SC2034

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
STATE=${LAVALAB_STATE:-/var/tmp/lavalab}
RUN=$STATE/run
LOGS=$STATE/log

# Everything listens on 127.0.0.1 and nowhere else. `up` asks the kernel for free ports and keeps them here; `down` forgets
# them.
WEB_PORT= WS_PORT= ARTIFACT_PORT= PG_PORT= EVENT_PORT=
# shellcheck disable=SC1091
[ ! -s "$STATE/ports" ] || . "$STATE/ports"

DEVICES=${LAVALAB_DEVICES:-3}
WEB_WORKERS=${LAVALAB_WEB_WORKERS:-3}
PING_INTERVAL=${LAVALAB_PING_INTERVAL:-2}
LOG_INTERVAL=${LAVALAB_LOG_INTERVAL:-1}
WORKER_NAME=${LAVALAB_WORKER_NAME:-lab-worker}
ARM64=${LAVALAB_ARM64:-1}
KVM=${LAVALAB_KVM:-0}

# The packaged programs are Debian's own python3; a pyenv shim or a venv
# earlier in PATH must not come between.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV DJANGO_SETTINGS_MODULE
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
PY=/usr/bin/python3

# A lab in a root of its own runs these scripts in there (`newest`).
if [ -z "${LAVALAB_ROOT:-}" ] && [ -e "$STATE/root" ]; then
  echo "$STATE is a lab of the newest LAVA: use $HERE/newest" >&2
  exit 1
fi

say() { printf '[lavalab %s] %s\n' "$(date +%H:%M:%S)" "$*" >&2; }
die() { say "ERROR: $*"; exit 1; }

need_root() { [ "$(id -u)" = 0 ] || die 'run as root'; }

# Field 22 of /proc/PID/stat: with it, a pid that was used again is told apart.
# A zombie counts as gone (whatever adopted it here may be slow to reap).
proc_start() {
  local s
  s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  s=${s##*) }
  # shellcheck disable=SC2086
  set -- $s
  [ "$1" != Z ] || return 1
  printf '%s\n' "${20}"
}

# is_up NAME: its pid file names a process that is still the one we started.
is_up() {
  local pid start
  [ -s "$RUN/$1.pid" ] || return 1
  read -r pid start < "$RUN/$1.pid" || return 1
  [ -n "$pid" ] || return 1
  [ "$(proc_start "$pid")" = "$start" ]
}

pid_of() { local pid _; read -r pid _ < "$RUN/$1.pid" && printf '%s\n' "$pid"; }

# start NAME COMMAND...: in a session of its own, output in a log, pid in a file.
start() {
  local name=$1 pid st
  shift
  if is_up "$name"; then return 0; fi
  setsid nohup "$@" >> "$LOGS/$name.out" 2>&1 < /dev/null 9>&- & # 9: the lock of ctl
  pid=$!
  st=$(proc_start "$pid") || die "$name ended at once: $(tail -n 5 "$LOGS/$name.out")"
  printf '%s %s\n' "$pid" "$st" > "$RUN/$name.pid"
  say "started $name (pid $pid)"
}

# stop NAME [SECONDS [SIGNAL]]: TERM, then KILL, of the recorded process only.
stop() {
  local name=$1 wait=${2:-15} sig=${3:-TERM} pid i
  if is_up "$name"; then
    pid=$(pid_of "$name")
    kill -CONT -- "-$pid" 2>/dev/null || true # if it was paused
    kill "-$sig" "$pid" 2>/dev/null || true
    for ((i = 0; i < wait * 10; i++)); do
      is_up "$name" || break
      sleep 0.1
    done
    if is_up "$name"; then
      say "$name (pid $pid) did not stop in ${wait}s: KILL"
      kill -KILL "$pid" 2>/dev/null || true
    else
      say "stopped $name (pid $pid)"
    fi
  fi
  rm -f "$RUN/$name.pid"
}

wait_for() { # wait_for SECONDS WHAT COMMAND...
  local secs=$1 what=$2 i
  shift 2
  for ((i = 0; i < secs * 5; i++)); do
    if "$@" > /dev/null 2>&1; then return 0; fi
    sleep 0.2
  done
  die "$what: not there after ${secs}s (logs in $LOGS)"
}

# Five ports that are free now, below those that the kernel gives to outgoing connections: none of these takes one while a
# daemon of the lab is away.
choose_ports() {
  "$PY" - > "$STATE/ports.new" <<'PYEOF'
import random, socket
free = []
while len(free) < 5:
    port = random.randrange(10000, 20000)
    try:
        with socket.socket() as s:
            s.bind(("127.0.0.1", port))
    except OSError:
        continue
    if port not in free:
        free.append(port)
for name, port in zip(("WEB", "WS", "ARTIFACT", "PG", "EVENT"), free):
    print("%s_PORT=%d" % (name, port))
PYEOF
  mv "$STATE/ports.new" "$STATE/ports"
  # shellcheck disable=SC1091
  . "$STATE/ports"
}

pg_bin() {
  local d
  d=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
  [ -n "$d" ] || die 'no PostgreSQL server is installed'
  printf '%s\n' "$d"
}

pg_up() { "$(pg_bin)/pg_isready" -q -h 127.0.0.1 -p "$PG_PORT"; }

# Runs a command with the environment that makes the packaged lava-server use
# this lab's settings (they are all in the environment: nothing under
# /etc/lava-server/settings.d is read or written for it).
with_lava() { ( set -a; . "$STATE/lava.env"; set +a; exec "$@" ); }
manage() { with_lava runuser -u lavaserver -- /usr/bin/lava-server manage "$@"; }

# --- the daemons: how each is started ------------------------------------------
DAEMONS=(postgres httpd lava-publisher gunicorn lava-scheduler lava-worker)

run_daemon() {
  case $1 in
    postgres)
      # One that runs on our data already (its pid file was lost) is taken over. A lock that names a process which is
      # something else by now is stale.
      local pm st
      if ! is_up postgres && pm=$(head -n 1 "$STATE/pg/postmaster.pid" 2>/dev/null) && st=$(proc_start "$pm"); then
        if tr '\0' ' ' < "/proc/$pm/cmdline" | grep -qF -- "-D $STATE/pg "; then
          printf '%s %s\n' "$pm" "$st" > "$RUN/postgres.pid"
        else
          rm -f "$STATE/pg/postmaster.pid"
        fi
      fi
      # What the machine loses in a crash may be lost: speed before safety. What is committed outlives the server's own death.
      start postgres setpriv --reuid=postgres --regid=postgres --init-groups -- "$(pg_bin)/postgres" -D "$STATE/pg" \
        -c listen_addresses=127.0.0.1 -p "$PG_PORT" -c unix_socket_directories= \
        -c fsync=off -c full_page_writes=off \
        -c max_connections=200 -c shared_buffers=256MB -c max_wal_size=1GB -c log_min_duration_statement=2000 ;;
    httpd) start httpd "$PY" -m http.server --bind 127.0.0.1 --directory "$STATE/httpd" "$ARTIFACT_PORT" ;;
    lava-publisher)
      start lava-publisher "$HERE/with-lava" /usr/bin/lava-server manage lava-publisher --level DEBUG \
        --log-file "$LOGS/lava-publisher.log" --host 127.0.0.1 --port "$WS_PORT" ;;
    gunicorn)
      start gunicorn "$HERE/with-lava" /usr/bin/gunicorn lava_server.wsgi --log-level INFO \
        --log-file "$LOGS/gunicorn.log" -u lavaserver -g lavaserver --worker-class "${LAVALAB_WEB_CLASS:-eventlet}" \
        --threads "${LAVALAB_WEB_THREADS:-1}" --workers "$WEB_WORKERS" --bind "127.0.0.1:$WEB_PORT" --timeout 60 ;;
    lava-scheduler)
      start lava-scheduler "$HERE/with-lava" /usr/bin/lava-server manage lava-scheduler --level DEBUG \
        --log-file "$LOGS/lava-scheduler.log" --event-url "tcp://127.0.0.1:$EVENT_PORT" ;;
    lava-worker)
      start lava-worker /usr/bin/lava-worker --level DEBUG --log-file "$LOGS/lava-worker.log" \
        --name "$WORKER_NAME" --token-file "$STATE/secrets/lab-worker" --worker-dir "$STATE/worker" \
        --url "http://127.0.0.1:$WEB_PORT" --ws-url "ws://127.0.0.1:$WS_PORT/ws/" \
        --ping-interval "$PING_INTERVAL" --job-log-interval "$LOG_INTERVAL" --http-timeout 60 ;;
    *) die "no daemon is called $1" ;;
  esac
}

stop_daemon() {
  case $1 in
    postgres) stop postgres 20 INT ;; # INT: disconnects clients, a clean stop
    lava-worker | httpd) stop "$1" 5 ;;
    *) stop "$1" 15 ;;
  esac
}

web_up() { curl -fsS -o /dev/null --max-time 5 "http://127.0.0.1:$WEB_PORT/api/v0.2/system/version/"; }
worker_up() {
  curl -fsS --max-time 5 "http://127.0.0.1:$WEB_PORT/api/v0.2/workers/${1:-$WORKER_NAME}/" | grep -q '"state":"Online"'
}
