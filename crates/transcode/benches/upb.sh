#!/bin/sh
# Holds this crate against upb's C implementation of ProtoJSON, as Ruby's protobuf package has it.
#
#     crates/transcode/benches/upb.sh [--fast] [DIRECTION | SHAPE]...
#
# Prints `ratio DIRECTION SHAPE upb VALUE`, upb's time over ours, as the bench does for the other peers. The two run as
# processes that take turns (`upb.rb` says how).
set -eu
here=$(cd "$(dirname "$0")" && pwd)

if ! ruby -e 'require "google/protobuf"' 2>/dev/null; then
    echo "upb.sh needs Ruby with its protobuf package: apt-get install ruby-google-protobuf" >&2
    exit 1
fi

cd "$here/../../.."
# The bench's executable, from what Cargo says about the build.
bench=$(cargo bench -p wirelab-transcode --bench speed --no-run --message-format=json |
    ruby -r json -ne 'puts JSON.parse($_)["executable"]' | grep . | tail -n 1)
corpus=$(mktemp -d)
trap 'rm -rf "$corpus"' EXIT
"$bench" --write-corpus "$corpus"
ruby "$here/upb.rb" "$bench" "$corpus" "$@"
