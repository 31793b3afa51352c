#!/bin/sh
# A service that can be slow or stubborn. It ticks, so that tests see when it was at work.
#   HEALTHY_AFTER  seconds until it is healthy; "never"          (0)
#   STOP_SECONDS   seconds that it takes to stop when asked      (0)
#   STUBBORN       when set, it does not stop when it is asked
rm -f /tmp/healthy
echo started
if [ "${HEALTHY_AFTER:-0}" != never ]; then (sleep "${HEALTHY_AFTER:-0}"; touch /tmp/healthy) & fi
if [ -n "$STUBBORN" ]; then trap '' TERM; else trap 'sleep ${STOP_SECONDS:-0}; echo stopped >>/data/ticks; exit 0' TERM; fi
while :; do
  echo tick >>/data/ticks
  sleep 0.2 &
  wait $!
done
