#!/bin/sh
# Verifies entries of an evidence log with openssl (3 or newer), sha256sum and awk, offline, and without the program
# that wrote them. It reads a bundle (with a folder `entries`), or a folder about one entry.
#
#   sh verify.sh <fingerprint>
#
# <fingerprint> is the SHA-256 of the log's public key, as the union has published it. Take it from there, not from
# this folder: the key in here proves only that the files in here agree with each other.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "NOT VERIFIED: $1" >&2; exit 1; }
[ $# -eq 1 ] || fail "give the published fingerprint: sh verify.sh <fingerprint>"

# The key in a vkey (<name>+<id>+<base64 of a type and a key>), as openssl reads it.
key_of() {
    rest=${1#*+}
    printf '\060\052\060\005\006\003\053\145\160\003\041\000'
    printf '%s' "${rest#*+}" | openssl base64 -d -A | tail -c 32
}
fingerprint_of() { sha256sum < "$1" | cut -c1-64; }
# Whether one of the signatures below a note's blank line is by a key. Leaves text and signature in $work.
signed() {
    awk '$0 == "" {exit} {print}' "$1" > "$work/text"
    awk 'below {print $3} $0 == "" {below = 1}' "$1" > "$work/signatures"
    while read -r signature; do
        printf '%s' "$signature" | openssl base64 -d -A | tail -c 64 > "$work/signature"
        openssl pkeyutl -verify -pubin -keyform DER -inkey "$2" -rawin -in "$work/text" \
            -sigfile "$work/signature" > /dev/null 2>&1 && return 0
    done < "$work/signatures"
    return 1
}
# Whether the log's key of its time has signed a checkpoint.
signed_by_log() {
    at=$(sed -n 2p "$1")
    while read -r last key; do
        [ "$at" -gt "$last" ] || { signed "$1" "$work/$key"; return; }
    done < "$work/ranges"
    signed "$1" "$work/key"
}
# Reads lines of a name and of bytes, written as \ooo; prints the SHA-256 of each as "hash  name".
hash_all() {
    rm -rf "$work/hash" && mkdir "$work/hash"
    while read -r name bytes; do printf "$bytes" > "$work/hash/$name"; done
    (cd "$work/hash" && ls | xargs sha256sum)
}
# For awk: `octal` of hexadecimal digits for printf; `hex` of a hash in base64, "" if it is not one.
tools='
BEGIN { B = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (i = 0; i < 64; i++) V[substr(B, i + 1, 1)] = i
        for (i = 0; i < 256; i++) O[sprintf("%02x", i)] = sprintf("\\%03o", i) }
function octal(h,   i, s) { for (i = 1; i < length(h); i += 2) s = s O[substr(h, i, 2)]; return s }
function hex(b,   i, s, c) {
    if (b in known) return known[b]
    if (length(b) != 44 || b !~ /^[A-Za-z0-9+\/]+=$/) return ""
    for (i = 1; i <= 40; i += 4)
        s = s sprintf("%06x", V[substr(b,i,1)] * 262144 + V[substr(b,i+1,1)] * 4096 + V[substr(b,i+2,1)] * 64 + V[substr(b,i+3,1)])
    c = V[substr(b,41,1)] * 4096 + V[substr(b,42,1)] * 64 + V[substr(b,43,1)]
    return c % 4 ? "" : known[b] = s sprintf("%04x", c / 4)
}
function fail(sentence) { print sentence > problem; failed = 1; exit }'
stop_on_problem() { [ ! -s "$work/problem" ] || fail "$(head -n 1 "$work/problem")"; }

# 1. The public key is the one that was published, or one that the published one has named to come after it.
openssl pkey -pubin -in log.pub.pem -outform DER > "$work/key" 2> /dev/null || fail "log.pub.pem cannot be read"
: > "$work/ranges"
trusted=""
[ -z "$(ls keys 2> /dev/null)" ] || for statement in $(ls keys | sort -n); do
    key_of "$(sed -n 4p "keys/$statement")" > "$work/old-$statement"
    key_of "$(sed -n 5p "keys/$statement")" > "$work/new"
    [ "$(fingerprint_of "$work/old-$statement")" != "$1" ] || trusted=yes
    [ -z "$trusted" ] || cmp -s "$work/old-$statement" "${before:-$work/old-$statement}" || fail "keys/$statement is about another key"
    signed "keys/$statement" "$work/old-$statement" && [ "$(wc -l < "$work/text")" -eq 5 ] &&
        [ "$(sed -n 1p "$work/text")" = evidence-key-rotation/v1 ] || fail "the old key has not signed keys/$statement"
    signed "keys/$statement" "$work/new" || fail "the new key has not signed keys/$statement"
    echo "$(($(sed -n 3p "keys/$statement") + 1)) old-$statement" >> "$work/ranges"
    mv "$work/new" "$work/before" && before="$work/before"
done
[ -z "${before:-}" ] || cmp -s "$before" "$work/key" || fail "the public key is not the one that the changes of keys lead to"
[ "$(fingerprint_of "$work/key")" = "$1" ] || [ -n "$trusted" ] || fail "the public key is not the published one"

# 2. The checkpoint is signed by it.
signed_by_log checkpoint || fail "the signature of the checkpoint is false"
[ "$(wc -l < "$work/text")" -eq 3 ] || fail "the checkpoint is not three lines"
if [ -f checkpoint.text ]; then
    cmp -s checkpoint.text "$work/text" && cmp -s checkpoint.sig "$work/signature" ||
        fail "the signature of the checkpoint is false: checkpoint.text or checkpoint.sig is not that of the checkpoint"
fi
origin=$(sed -n 1p "$work/text")
size=$(sed -n 2p "$work/text")
root=$(sed -n 3p "$work/text")

folder=.
[ ! -d entries ] && [ ! -f SHA256SUMS ] || folder=entries

# 3. Each entry commits to its opening, where it has one.
ls "$folder" | sed -n 's/^\([0-9][0-9]*\)\.entry$/\1/p' | sort -n > "$work/entries"
[ -s "$work/entries" ] || fail "there is no entry"
ls "$folder" | sed -n '/^[0-9][0-9]*\.opening$/p' > "$work/openings"
: > "$work/commitments"
[ ! -s "$work/openings" ] || (cd "$folder" && xargs sha256sum < "$work/openings") > "$work/commitments"
sed 's/$/.entry/' "$work/entries" > "$work/names"
(cd "$folder" && xargs wc -c < "$work/names") > "$work/lengths"
(cd "$folder" && xargs awk '{print FILENAME, $0}' < "$work/names") > "$work/bodies"
awk -v problem="$work/problem" "$tools"'
FILENAME ~ /lengths$/ { bytes[$2] = $1; next }
FILENAME ~ /commitments$/ { sub(/\.opening$/, "", $2); wanted[$2] = $1; next }
{
    seq = $1; sub(/\.entry$/, "", seq); body = substr($0, length($1) + 2)
    if (body !~ /^\{"at":"[-0-9T:]+Z","c":"[0-9a-f]+","seq":[0-9]+,"t":"(event|erasure)","v":1\}$/ || index(body, ",\"seq\":" seq ",") == 0)
        fail("entry " seq " does not commit to the opening: it has another form, or another number")
    if (length(body) != bytes[$1]) fail("entry " seq " is not in the log that was signed: it is longer than its form allows")
    commitment = body; sub(/^.*"c":"/, "", commitment); sub(/".*$/, "", commitment)
    if (seq in wanted && wanted[seq] != commitment) fail("entry " seq " does not commit to the opening")
    delete wanted[seq]
    print seq, "\\000" body
}
END { if (!failed) for (seq in wanted) { print "there is an opening of entry " seq ", but no entry" > problem; exit } }
' "$work/lengths" "$work/commitments" "$work/bodies" > "$work/leaves"
stop_on_problem

# 4. Each entry is in the log: from its hash up to the root of the checkpoint (RFC 9162, section 2.1.3.2), for all entries
#    one level of the tree at a time. A line of $work/state is: entry, place and last place in its level, hash.
sed 's/$/.tlog-proof/' "$work/entries" > "$work/names"
(cd "$folder" && xargs ls < "$work/names") > /dev/null 2>&1 || fail "the proof of an entry is missing"
cp checkpoint "$work/checkpoint"
(cd "$folder" && xargs awk -v problem="$work/problem" -v work="$work" "$tools"'
BEGIN { while ((getline line < (work "/checkpoint")) > 0) checkpoint = checkpoint line "\n" }
FNR == 1 { finish(); seq = FILENAME; sub(/\.tlog-proof$/, "", seq); below = level = 0; rest = ""
           if ($0 != "c2sp.org/tlog-proof@v1") fail("the proof of entry " seq " is not a tlog-proof"); next }
FNR == 2 { if ($0 != "index " seq) fail("the proof of entry " seq " is for another entry"); next }
below { rest = rest $0 "\n"; next }
$0 == "" { below = 1; next }
{ h = hex($0); if (h == "") fail("a hash of the proof of entry " seq " does not have 32 bytes")
  print seq, h >> (work "/path." ++level) }
function finish() { if (seq != "" && rest != checkpoint) fail("the proof of entry " seq " is under another checkpoint") }
END { if (!failed) finish() }' < "$work/names")
stop_on_problem
hash_all < "$work/leaves" | awk -v size="$size" '{print $2, $2, size - 1, $1}' > "$work/state"
awk -v problem="$work/problem" "$tools"'$2 > $3 { fail("entry " $1 " is not in the log that was signed: the checkpoint does not reach to it") }' "$work/state"
stop_on_problem
level=1
while [ -f "$work/path.$level" ]; do
    awk -v problem="$work/problem" "$tools"'
FILENAME ~ /path/ { sibling[$1] = $2; next }
!($1 in sibling) { print $0, "-"; next }
{
    place = $2; last = $3; left = $4; right = sibling[$1]
    if (last == 0) fail("the proof of entry " $1 " is too long")
    if (place % 2 || place == last) {
        left = sibling[$1]; right = $4
        while (place && place % 2 == 0) { place = place / 2; last = int(last / 2) }
    }
    print $1, int(place / 2), int(last / 2), left, right
}' "$work/path.$level" "$work/state" > "$work/step"
    stop_on_problem
    awk "$tools"'$5 != "-" && !seen[$4 $5]++ { print $4 $5, "\\001" octal($4 $5) }' "$work/step" | hash_all > "$work/hashed"
    awk 'FILENAME ~ /hashed$/ { hash[$2] = $1; next } { print $1, $2, $3, $5 == "-" ? $4 : hash[$4 $5] }' \
        "$work/hashed" "$work/step" > "$work/state"
    level=$((level + 1))
done
awk -v problem="$work/problem" -v root="$root" "$tools"'
$3 != 0 { fail("the proof of entry " $1 " is too short") }
$4 != hex(root) { fail("entry " $1 " is not in the log that was signed") }' "$work/state"
stop_on_problem

# 5. The log begins with what it was when earlier checkpoints were given out (RFC 9162, section 2.1.4.2).
node() { { printf '\001'; cat "$1" "$2"; } | openssl dgst -sha256 -binary > "$work/node" && mv "$work/node" "$3"; }
decode() { printf '%s' "$1" | openssl base64 -d -A; }
earlier=0
for proof in $(ls history 2> /dev/null | sed -n 's/\.consistency$//p'); do
    old=${proof%-*}
    [ "$proof" = "$old-$size" ] && [ -f "history/$old.checkpoint" ] || fail "history/$proof.consistency belongs to no checkpoint"
    signed_by_log "history/$old.checkpoint" || fail "the signature of history/$old.checkpoint is false"
    [ "$(sed -n 1,2p "$work/text")" = "$(printf '%s\n%s' "$origin" "$old")" ] || fail "history/$old.checkpoint is of another log or size"
    sed '1,/^$/d' "history/$proof.consistency" | cmp -s - checkpoint || fail "history/$proof.consistency is under another checkpoint"
    [ "$(sed -n 1p "history/$proof.consistency")" = "old $old" ] || fail "history/$proof.consistency is for another size"
    sed '1d; /^$/,$d' "history/$proof.consistency" > "$work/path"
    place=$((old - 1)) last=$((size - 1))
    while [ $((place % 2)) -eq 1 ]; do place=$((place / 2)) last=$((last / 2)); done
    decode "$(sed -n 3p "$work/text")" > "$work/first"
    [ "$place" -eq 0 ] || { decode "$(sed -n 1p "$work/path")" > "$work/first"; sed 1d "$work/path" > "$work/more"; mv "$work/more" "$work/path"; }
    cp "$work/first" "$work/second"
    while read -r sibling; do
        [ "$last" -gt 0 ] || fail "history/$proof.consistency is too long"
        decode "$sibling" > "$work/sibling"
        [ "$(wc -c < "$work/sibling")" -eq 32 ] || fail "a hash of history/$proof.consistency does not have 32 bytes"
        if [ $((place % 2)) -eq 1 ] || [ "$place" -eq "$last" ]; then
            node "$work/sibling" "$work/first" "$work/first"
            node "$work/sibling" "$work/second" "$work/second"
            while [ "$place" -ne 0 ] && [ $((place % 2)) -eq 0 ]; do place=$((place / 2)) last=$((last / 2)); done
        else
            node "$work/second" "$work/sibling" "$work/second"
        fi
        place=$((place / 2)) last=$((last / 2))
    done < "$work/path"
    [ "$last" -eq 0 ] && [ "$(openssl base64 -A < "$work/first")" = "$(sed -n 3p "$work/text")" ] &&
        [ "$(openssl base64 -A < "$work/second")" = "$root" ] || fail "the log does not begin with what it was at $old entries"
    earlier=$((earlier + 1))
done

# 6. What others have signed: witnesses, whose keys the policy names, and time-stamp authorities. Their keys, too, are to be
#    compared with what they have published; TSA_CA=<file> verify.sh ... takes an authority's certificates from elsewhere.
sed -n 's/^witness [^ ]* \([^ ]*\).*$/\1/p' policy > "$work/witnesses" 2> /dev/null || : > "$work/witnesses"
for file in checkpoint history/*; do
    base=${file%.checkpoint}
    [ "$file" = checkpoint ] || [ "$base" != "$file" ] || continue
    [ -f "$file" ] || continue
    signed_by_log "$file" || fail "the signature of $file is false"
    cp "$work/text" "$work/about"
    number=$(sed -n 2p "$work/about")
    [ ! -f "$base.cosigned" ] || while read -r vkey; do
        rest=${vkey#*+}
        key_of "$vkey" > "$work/witness"
        awk '$0 == "" {exit} {print}' "$base.cosigned" | cmp -s - "$work/about" || fail "$base.cosigned is about another checkpoint"
        for signature in $(awk -v name="${vkey%%+*}" '$1 != "" && $2 == name {print $3}' "$base.cosigned"); do
            bytes=$(printf '%s' "$signature" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
            [ "$(printf %.8s "$bytes")" = "${rest%%+*}" ] || continue
            bytes=${bytes#????????}
            seconds=$((0x$(printf %.16s "$bytes")))
            printf '%s' "$signature" | openssl base64 -d -A | tail -c 64 > "$work/signature"
            { printf 'cosignature/v1\ntime %s\n' "$seconds"; cat "$work/about"; } > "$work/message"
            openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/witness" -rawin -in "$work/message" \
                -sigfile "$work/signature" > /dev/null 2>&1 || fail "a cosignature in $base.cosigned is false"
            echo "  ${vkey%%+*} has seen the log of $number entries at $(date -u -d "@$seconds" 2> /dev/null || echo "$seconds")"
        done
    done < "$work/witnesses"
    for token in "$base".tsr "$base"-*.tsr; do
        [ -f "$token" ] || continue
        when=$(openssl ts -reply -in "$token" -text 2> /dev/null | sed -n 's/^Time stamp: //p')
        seconds=$(date -u -d "$when" +%s 2> /dev/null || true)
        openssl ts -verify -in "$token" -data "$file" -CAfile "${TSA_CA:-tsa-chain.pem}" ${seconds:+-attime "$seconds"} \
            > /dev/null 2>&1 || fail "the time-stamp $token does not verify"
        echo "  a time-stamp authority has seen the log of $number entries at $when"
    done
done

# 7. In a bundle, nothing was added, taken away or changed since the log's key signed the list of all files.
if [ "$folder" = entries ]; then
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig \
        > /dev/null 2>&1 || fail "the signature of the list of files, SHA256SUMS, is false"
    { cut -c67- SHA256SUMS; printf 'SHA256SUMS\nSHA256SUMS.sig\n'; } | sort > "$work/listed"
    find . ! -type d | sed 's|^\./||' | sort | cmp -s - "$work/listed" || fail "there are more or fewer files than SHA256SUMS lists"
    sha256sum --check --strict --quiet SHA256SUMS > /dev/null 2>&1 || fail "a file is not what SHA256SUMS says"
fi

number=$(($(wc -l < "$work/entries")))
opened=$(($(wc -l < "$work/openings")))
[ "$folder" = . ] || [ "$earlier" -eq 0 ] || echo "  the log begins with what it was at $earlier earlier checkpoints"
if [ "$number" -eq 1 ] && [ "$opened" -eq 1 ]; then
    echo "VERIFIED: entry $(cat "$work/entries") is in the log $origin of $size entries, and says:"
    tail -n 1 "$folder/$(cat "$work/entries").opening"
else
    echo "VERIFIED: $number entries are in the log $origin of $size entries; entries/<number>.opening is what $opened of them say"
fi
