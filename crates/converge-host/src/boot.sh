# Finds the helper, or takes it from standard input, and becomes it. Everything a host needs is here: a POSIX shell and head;
# gzip and sha256sum are used where they are. It travels inside single quotes through any login shell and is made one line of:
# so no single quotes, no exclamation marks, and every line ends where a command may end.
u=$(umask);
umask 077;
say() { printf "\n%s %s\n" "@TOKEN@" "$*"; };
m=$(uname -m);
case "$m" in
@OFFERS@
*) say arch "$m"; exit 0;;
esac;
i=$(id -u);
why=;
for p in "$HOME/.cache/converge" "/var/tmp/converge-$i" "/tmp/converge-$i" "/dev/shm/converge-$i" "/run/user/$i/converge"; do
case "@SKIP@" in *"|$p|"*) continue;; esac;
if test -L "$p"; then why="$why|$p: is a link"; continue; fi;
if test -O "$p" && test -f "$p/$d" && test -x "$p/$d"; then say have "$p"; umask "$u"; exec "$p/$d"; fi;
if mkdir -p "$p" 2>/dev/null && test -O "$p" && chmod 700 "$p" 2>/dev/null; then :; else why="$why|$p: cannot be made"; continue; fi;
t="$p/.new.$$";
if echo : 2>/dev/null >"$t" && chmod 700 "$t"; then :; else why="$why|$p: cannot be written"; continue; fi;
if "$t" 2>/dev/null; then :; else why="$why|$p: is mounted noexec"; rm -f "$t"; continue; fi;
if test "$z" -gt 0 && type gzip >/dev/null 2>&1; then
say need "$a" packed "$p";
e=$( { head -c "$z" | gzip -dc >"$t"; } 2>&1);
else
say need "$a" plain "$p";
e=$( { head -c "$n" >"$t"; } 2>&1);
fi;
s=$(wc -c <"$t" | tr -d " ");
h="$d";
if type sha256sum >/dev/null 2>&1; then h=$(sha256sum "$t"); fi;
case "$s $h" in
"$n $d"*) ;;
*) rm -f "$t"; say fail "$p" "$s of $n bytes arrived: $e"; exit 0;;
esac;
if mv -f "$t" "$p/$d"; then :; else rm -f "$t"; say fail "$p" "cannot be renamed"; exit 0; fi;
find "$p" -type f -mtime +30 -exec rm -f {} + >/dev/null 2>&1;
say have "$p";
umask "$u";
exec "$p/$d";
done;
say none "$why"
