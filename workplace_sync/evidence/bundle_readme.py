"""The bundle's README, for those who have never seen one."""

_TEXT = """WHAT THIS IS

These files prove that {number} of the log called

    {origin}

said what you can read here when the log was last signed, in this order, and that nobody has changed them since. The
log belongs to a union. It records what the union's program did and saw in a group of its members: who was added, on whose
word and under which rules, and who was found to be gone. You can check the proof yourself, offline, without the union and
without its program.

HOW TO CHECK IT

1. Get the fingerprint of the log's key from somewhere that the sender of these files cannot change: the union's web site,
   its rule book, the minutes of a meeting, a letter. A key that comes together with the files proves only that the files
   agree with each other. For comparison, the key in here has the fingerprint

       {fingerprint}

2. On any Linux machine with openssl (version 3), in the folder with these files:

       sh verify.sh <the fingerprint that was published>

   It ends with VERIFIED, or with NOT VERIFIED and the reason. It is plain text: read it before you run it, or let somebody
   you trust read it. `python3 verify.py <fingerprint>` does the same, written a second time.

3. If you trust neither script: the formats are public (c2sp.org: signed-note, tlog-checkpoint, tlog-proof,
   tlog-cosignature; RFC 6962 and RFC 3161), and others have written verifiers, such as golang.org/x/mod/sumdb,
   @sigstore/verify, openssl and ssh-keygen:

       ssh-keygen -Y verify -f allowed_signers -I {origin} \\
           -n {namespace} -s checkpoint.sshsig < checkpoint

WHAT THE FILES ARE

    checkpoint         "so many entries, and this hash over all of them", signed by the log's key
    entries/           for each entry its place and time (.entry), its content (.opening), and the proof that it is in
                       the log (.tlog-proof). An entry holds a hash of its content, and a random number in the content
                       keeps it from being guessed. Where there is no .opening the content has been erased.
    history/           checkpoints that were given out earlier, with the proofs that the log still begins with them
    *.cosigned         the same checkpoint, signed by witnesses who are not the union
    *.tsr              time-stamps by authorities who are not the union (RFC 3161)
    keys/              where the log's key was changed: statements signed by the key before and the key after
    policy             which keys count: the log's, and the witnesses'
    manifest.json      for whom these files were made, what for, and on what legal basis
    SHA256SUMS         the hashes of all these files, signed by the log's key in SHA256SUMS.sig

WHAT IT PROVES

- The log held these contents, under these numbers, when the checkpoint was signed, and whoever signed it had the union's
  key.
- Where there is a time-stamp or a cosignature: the log had its first so many entries at that time at the latest.
- Where there is an earlier checkpoint: nothing before it was changed, taken away or put in between since.

WHAT IT DOES NOT PROVE

- That the contents are true. They are what the union's program did or saw.
- The times inside the entries. They are those of the union's machine, unless a time-stamp says more.
- That nothing else happened. You see {number}, and their numbers tell how many others there are.
- Of an entry without content: anything but that something was recorded in this place.

WHAT TO DO WITH IT

Keep the file `checkpoint`. If anybody ever shows you another one with the same number of entries and another hash, signed by
the same key, then you hold the proof that two histories were told. These files hold personal data, and that somebody belongs
to a union is protected more than most: they were handed out for the purpose that manifest.json names, and for no other.
"""


def readme(origin: str, number: int, fingerprint: str, namespace: str) -> str:
    """Return the text, for a bundle of so many entries of the log `origin`, whose key has this fingerprint, signing for ssh-keygen in `namespace`."""
    entries = "1 entry" if number == 1 else f"{number:,} entries"
    return _TEXT.format(origin=origin, number=entries, fingerprint=fingerprint, namespace=namespace)
