#!/bin/sh
# What the container starts. Platforms that mount volumes as root (Railway: set RAILWAY_RUN_UID=0 there) start it as root:
# then the volume's folder becomes netty's, and from here on nothing runs as root. Everywhere else it is netty already.
set -eu
if [ "$(id -u)" -eq 0 ]; then
    chown netty:netty "$NETTY_SPOOL"
    chmod 0700 "$NETTY_SPOOL"
    exec setpriv --reuid=netty --regid=netty --init-groups --no-new-privs "$@"
fi
exec "$@"
