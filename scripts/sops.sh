#!/bin/sh
# Holds our encrypted Secrets against the real sops and age. What is missing is installed as a Go module, which takes
# minutes: that is why it is no part of `make test`.
set -eu

bin="$HOME/.local/bin"
[ "$(id -u)" -ne 0 ] || bin="/usr/local/bin"
mkdir -p "$bin"
PATH="$PATH:$bin"

want() { # want <command> <Go module at a version>...
	command -v "$1" >/dev/null 2>&1 && return
	shift
	command -v go >/dev/null 2>&1 || { echo "sops: please install sops, age and age-keygen, or Go to build them" >&2; exit 1; }
	echo "sops: installing $*"
	GOBIN="$bin" go install "$@"
}

want sops github.com/getsops/sops/v3/cmd/sops@v3.13.3
want age-keygen filippo.io/age/cmd/age@v1.3.2 filippo.io/age/cmd/age-keygen@v1.3.2
cargo test --test sops
