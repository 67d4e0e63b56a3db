#!/usr/bin/env bash
# Makes (or sets again) the two accounts that reviewqa needs on a server, each allowed one store:
# reviewqa_reader may search it, reviewqa_writer may also make, fill and rebuild it.
set -euo pipefail

index=${REVIEWQA_INDEX:-reviews}
# So that nothing needs quoting in JSON or in curl's configuration.
for name in ELASTIC_PASSWORD REVIEWQA_READER_PASSWORD REVIEWQA_WRITER_PASSWORD; do
  if ! [[ ${!name:-} =~ ^[A-Za-z0-9._~-]{6,}$ ]]; then
    echo "error: set $name to 6 or more letters, digits or . _ ~ - in docker/.env" >&2
    exit 1
  fi
done

put() { # put PATH JSON; passwords stay out of the list of processes
  printf '%s' "$2" | curl --fail-with-body --silent --show-error --output /dev/null \
    --retry 10 --retry-connrefused --max-time 60 \
    ${ELASTICSEARCH_CA:+--cacert "$ELASTICSEARCH_CA"} \
    --config <(printf 'user = "%s:%s"\n' "${ELASTIC_USER:-elastic}" "$ELASTIC_PASSWORD") \
    --request PUT --header 'Content-Type: application/json' --data-binary @- \
    "${ELASTICSEARCH_URL:?}/_security/$1"
}

account() { # account NAME PASSWORD PRIVILEGES
  put "role/$1" '{"cluster": ["monitor"], "indices": [{"names": ["'"$index"'", "'"$index"'-passages*"], "privileges": ['"$3"']}]}'
  put "user/$1" '{"password": "'"$2"'", "roles": ["'"$1"'"]}'
  echo "account $1 may use $index"
}

account reviewqa_reader "$REVIEWQA_READER_PASSWORD" '"read", "monitor", "view_index_metadata"'
account reviewqa_writer "$REVIEWQA_WRITER_PASSWORD" '"read", "write", "manage"'
