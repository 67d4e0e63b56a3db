#!/usr/bin/env bash
# Makes a certificate authority and a certificate for each node, once. The authority's key stays
# in /authority, which no other container mounts.
set -euo pipefail
umask 077

nodes=(elasticsearch elasticsearch-2 elasticsearch-3)
tool=/usr/share/elasticsearch/bin/elasticsearch-certutil

if [ ! -f /authority/ca.zip ]; then
  "$tool" ca --silent --pem --days 3650 --out /authority/ca.zip
  unzip -oq /authority/ca.zip -d /authority
fi
if [ ! -f /authority/nodes.zip ]; then
  {
    echo "instances:"
    for node in "${nodes[@]}"; do
      printf '  - {name: %s, dns: [%s, localhost], ip: [127.0.0.1]}\n' "$node" "$node"
    done
  } > /authority/instances.yml
  "$tool" cert --silent --pem --days 730 --in /authority/instances.yml \
    --ca-cert /authority/ca/ca.crt --ca-key /authority/ca/ca.key --out /authority/nodes.zip
fi
unzip -oq /authority/nodes.zip -d /certificates
mkdir -p /certificates/ca
cp /authority/ca/ca.crt /certificates/ca/ca.crt
# Elasticsearch runs in root's group; the API replicas do not, and read the authority's
# certificate only.
chown -R 0:0 /certificates
find /certificates -type d -exec chmod 755 {} +
find /certificates -type f -exec chmod 640 {} +
chmod 644 /certificates/ca/ca.crt
echo "certificates are ready"
