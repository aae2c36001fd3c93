#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/box on a host that is not Debian 13.  That host is made here: a mount namespace in which the marker of the box is empty and
# os-release says 12, with the finished root (this very system) or a false mmdebstrap that hands it over.
set -u
top=${FREEHOLD_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
box=$top/tools/box

if [ "${1-}" != as-host ]; then
	if [ ! -s /etc/freehold-box ]; then
		echo 'skip - tools/box: there is no root here to go into (this is Debian 13 itself)'
		exit 0
	fi
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	export work
	if ! unshare --mount true 2>/dev/null; then
		echo 'skip - tools/box: mounting is forbidden here'
		exit 0
	fi
	unshare --mount bash "$0" as-host
	exit
fi

failed=0
# verdict STATUS NAME: with what was printed if it is no.
verdict() {
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		sed 's/^/  /' "$work/out" 2>/dev/null
		failed=1
	fi
}
says() { grep -qF -- "$1" "$work/out"; }

# The false host.
chmod 711 "$work"
: >"$work/empty"
printf 'ID=debian\nVERSION_ID="12"\n' >"$work/os-release"
root=$work/root # with a marker of its own, so that it is a finished one
mkdir "$root"
mount --rbind / "$root"
cp /etc/freehold-box "$work/marker"
mount --bind "$work/empty" /etc/freehold-box
unset FREEHOLD_BOX
export XDG_CACHE_HOME=$work/cache HOME=$work
cd "$work" || exit 2
user() { setpriv --reuid 12345 --regid 12345 --clear-groups env HOME="$work/home" XDG_CACHE_HOME="$work/home/cache" "$@"; }
mkdir "$work/home"
chown 12345 "$work/home"

# First a Debian 13 host: as it is, and with packages missing (a dpkg-query that knows only gcc, an apt-get that only says so).
"$box" sh -c 'echo "in $PWD"; exit 6' >"$work/out" 2>&1
[ $? = 6 ] && says "in $work" && [ ! -e "$work/cache" ]
verdict $? 'on Debian 13 the command just runs'

mkdir "$work/bare"
printf '#!/bin/sh\necho "installed gcc"\n' >"$work/bare/dpkg-query"
printf '#!/bin/sh\necho "apt-get $*"\n' >"$work/bare/apt-get"
chmod +x "$work/bare/dpkg-query" "$work/bare/apt-get"
PATH=$work/bare:$PATH "$box" echo ran >"$work/out" 2>&1
[ $? = 0 ] && head -n 1 "$work/out" | grep -q 'installing on this host: .*\bmeson\b' && says 'apt-get install' && says ran &&
	! head -n 1 "$work/out" | grep -q '\bgcc\b'
verdict $? 'on Debian 13 root installs the missing packages, and names them first'

printf '#!/bin/sh\nexit 100\n' >"$work/bare/apt-get"
PATH=$work/bare:$PATH "$box" echo ran >"$work/out" 2>&1
[ $? = 2 ] && says 'could not install' && ! says ran
verdict $? 'an installation that fails ends there'

if user test -x "$box"; then
	(cd "$work/home" && user env PATH="$work/bare:$PATH" "$box" echo ran) >"$work/out" 2>&1
	[ $? = 2 ] && says 'sudo apt-get install --no-install-recommends'
	verdict $? 'on Debian 13 an ordinary user is told what to install'
fi

# From here on Debian 12.
mount --bind "$work/os-release" "$(readlink -f /etc/os-release)"

# A mmdebstrap that is slow, says that it was called, and makes a root of links into this system.
mkdir "$work/bin"
cat >"$work/bin/mmdebstrap" <<'END'
#!/bin/sh
echo called >>"$work/calls"
sleep 0.5
for word; do
	case $word in
	trixie) shift; break ;;
	esac
	shift
done
mkdir "$1"
for name in bin sbin lib lib64; do ln -s "usr/$name" "$1/$name"; done
mkdir -p "$1/mnt" "$1/etc"
END
chmod +x "$work/bin/mmdebstrap"

# Building: the second of two calls at once waits for the first, and neither builds again.
(PATH=$work/bin:$PATH "$box" /nonexistent >"$work/out.1" 2>&1) &
PATH=$work/bin:$PATH "$box" /nonexistent >"$work/out.2" 2>&1
wait $!
cat "$work/out.1" "$work/out.2" >"$work/out"
[ "$(cat "$work/calls")" = called ]
verdict $? 'two first calls at once build one root'
[ "$(cat "$work"/cache/freehold/*/etc/freehold-box)" = "$(cat "$work/marker")" ]
verdict $? 'a finished root is marked with its packages'
flock --nonblock "$work/cache/freehold/lock" true
verdict $? 'the lock of the build is not kept'

# Without mmdebstrap, root installs it.
rm -rf "$work/cache"
mkdir "$work/later"
printf '#!/bin/sh\necho "apt-get $*"\ncp "%s/bin/mmdebstrap" "%s/later"\n' "$work" "$work" >"$work/later/apt-get"
chmod +x "$work/later/apt-get"
PATH=$work/later:$PATH "$box" /nonexistent >"$work/out" 2>&1
head -n 1 "$work/out" | grep -q 'installing on this host: mmdebstrap' && says 'apt-get install' &&
	ls "$work"/cache/freehold/*/etc >/dev/null
verdict $? 'root installs mmdebstrap, and says so first'

# Killed in the middle, and again.
rm -rf "$work/cache"
mkdir -p "$work/cache/freehold"
PATH=$work/bin:$PATH bash -c 'timeout -s KILL 0.2 "$1" true; :' - "$box" >/dev/null 2>&1
PATH=$work/bin:$PATH "$box" /nonexistent >"$work/out" 2>&1
ls "$work"/cache/freehold/*/etc/freehold-box >/dev/null 2>&1
verdict $? 'a build that was cut off is begun again'

# A finished root.  The real one stands in for the one that was built.
finished=$(echo "$work"/cache/freehold/debian13-*)
rm -rf "$finished"
mkdir "$finished"
mount --rbind "$root" "$finished"
mount --bind "$work/marker" "$finished/etc/freehold-box"

"$box" sh -c 'echo out; echo err >&2; exit 7' >"$work/out" 2>"$work/err"
[ $? = 7 ] && [ "$(cat "$work/out" "$work/err")" = 'out
err' ]
verdict $? 'output and exit status are those of the command'

unshare --net "$box" sh -c 'test -s /etc/freehold-box' >"$work/out" 2>&1
verdict $? 'a finished root needs no network'

"$box" sh -c 'printf "%s|" "$@"' - 'a b' '' '*' '$x' >"$work/out" 2>&1
[ "$(cat "$work/out")" = 'a b||*|$x|' ]
verdict $? 'arguments arrive as they are'

(cd "$top/tests" && "$box" pwd) >"$work/out" 2>&1
says "$top/tests"
verdict $? 'the current directory is the same inside'

https_proxy=http://proxy.example:3128 no_proxy=a.example "$box" sh -c 'echo "$https_proxy $no_proxy"' >"$work/out" 2>&1
says 'http://proxy.example:3128 a.example'
verdict $? 'proxies are the same inside'

echo 'a bundle' >"$work/bundle.pem"
SSL_CERT_FILE=$work/bundle.pem "$box" sh -c 'cat "$SSL_CERT_FILE" /etc/ssl/certs/ca-certificates.crt' >"$work/out" 2>&1
[ "$(grep -c 'a bundle' "$work/out")" = 2 ]
verdict $? "the host's CA bundle is the one inside"

mkdir "$work/vectors"
FREEHOLD_VECTORS=$work/vectors "$box" test -d "$work/vectors"
verdict $? 'the folder of vectors is seen inside'

mkdir -p /srv/cache
FREEHOLD_BOX=$finished XDG_CACHE_HOME=/srv/cache "$box" sh -c 'echo kept >"$XDG_CACHE_HOME/file"' >"$work/out" 2>&1
[ -s /srv/cache/file ]
verdict $? 'a cache that is elsewhere than at home is seen inside'

"$box" sh -c 'trap "echo caught; exit 3" TERM; echo ready; while :; do sleep 0.05; done' >"$work/out" 2>&1 &
pid=$!
for _ in $(seq 100); do says ready && break; sleep 0.05; done
kill -TERM $pid
wait $pid
[ $? = 3 ] && says caught
verdict $? 'a signal reaches the command itself'

"$box" ls -l /proc/self/fd >"$work/out" 2>&1
! grep -q 'freehold/lock' "$work/out"
verdict $? 'no descriptor of the box reaches the command'

"$box" unshare --user true >"$work/out" 2>&1
verdict $? 'the command can make a user namespace'

"$box" "$box" sh -c 'exit 5' >"$work/out" 2>&1
[ $? = 5 ]
verdict $? 'called inside itself it just runs the command'

"$box" >"$work/out" 2>&1
[ $? = 64 ] && says usage
verdict $? 'without a command it says how it is used'

# An ordinary user.
cd "$work/home" || exit 2
if ! user test -x "$box"; then
	echo "skip - an ordinary user: $top cannot be read by one"
else
	user "$box" true >"$work/out" 2>&1
	[ $? = 2 ] && says 'packages that are missing: mmdebstrap' && says 'sudo apt-get install mmdebstrap' && says FREEHOLD_BOX
	verdict $? 'an ordinary user without a root is told which packages are missing'

	user env PATH="$work/bin:$PATH" "$box" true >"$work/out" 2>&1
	[ $? = 2 ] && { says '--add-subuids' || says uidmap; }
	verdict $? 'an ordinary user without subordinate ids is told how to get them'

	user env FREEHOLD_BOX="$work/home" "$box" true >"$work/out" 2>&1
	[ $? = 2 ] && says 'not a finished root'
	verdict $? 'a FREEHOLD_BOX that is none is refused'

	if user unshare --map-root-user --mount true 2>/dev/null; then
		user env FREEHOLD_BOX="$finished" "$box" \
			sh -c 'test -s /etc/freehold-box && ! touch /etc/written && echo mine >mine' >"$work/out" 2>&1 &&
			[ "$(stat -c %u mine)" = 12345 ]
		verdict $? "an ordinary user uses somebody else's finished root"

		mount -t tmpfs tmpfs /usr/local/lib
		mkdir /usr/local/lib/here
		(cd /usr/local/lib/here && user env FREEHOLD_BOX="$finished" "$box" true) >"$work/out" 2>&1
		[ $? = 2 ] && says '/usr/local/lib/here: cannot be shown inside'
		verdict $? 'a directory that has no place inside is named'
		umount /usr/local/lib
	else
		echo "skip - an ordinary user in somebody else's root: user namespaces are forbidden here"
	fi
fi

# No mounting at all.
cd "$work" || exit 2
if unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_mnt_namespaces' 2>/dev/null; then
	unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_mnt_namespaces; exec "$@"' - "$box" true >"$work/out" 2>&1
	[ $? = 2 ] && says 'mounting is forbidden' && says 'debian:13'
	verdict $? 'where mounting is forbidden it points to a Debian 13 image'
else
	echo 'skip - mounting forbidden: user namespaces are forbidden here'
fi
exit $failed
