#!/bin/sh
# What Bailiwick and its sandbox say to each other, held against GitHub's published description.
# Needs npm and the npm registry. Everything lies below target/, which git ignores.
set -eu

cd "$(dirname "$0")/.."
folder="$PWD/target/conformance"
packages="$folder/packages"
recordings="$folder/recordings"

command -v npm >/dev/null 2>&1 || {
    echo "conformance: npm is missing; on Debian: apt-get install npm" >&2
    exit 2
}

mkdir -p "$packages"
# No scripts of the packages run: only their JSON is wanted.
npm install --prefix "$packages" --ignore-scripts --no-audit --no-fund --no-save --loglevel=error \
    '@octokit/openapi@23' '@octokit/webhooks-examples@7'

# Recordings of an earlier run would hide that nothing was recorded in this one.
rm -rf "$recordings"
mkdir -p "$recordings"
BAILIWICK_RECORD="$recordings" cargo test --quiet --test conversation --test sandbox_github --test e2e --test e2e_sync

cargo run --quiet --example conformance -- \
    "$packages/node_modules/@octokit/openapi/generated/api.github.com.json" \
    "$packages/node_modules/@octokit/webhooks-examples/api.github.com/index.json" \
    "$recordings" "$@"
