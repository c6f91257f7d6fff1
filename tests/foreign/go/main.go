// Verifies a bundle with golang.org/x/mod/sumdb, which the Go project wrote for its checksum database: note checks the
// signatures, tlog the proofs. Only the reading of the files is ours.
//
//	verify bundle <vkey> <bundle.tar>
//	verify mirror <vkey> <folder>
package main

import (
	"archive/tar"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var files = map[string][]byte{}

type keyRange struct {
	last     int64
	verifier note.Verifier
}

func main() {
	calls := map[string]func(string, string) error{"bundle": verify, "mirror": mirror}
	if err := calls[os.Args[1]](os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "NOT VERIFIED:", err)
		os.Exit(1)
	}
}

func verify(published, path string) error {
	if err := read(path); err != nil {
		return err
	}
	newest, err := note.NewVerifier(published)
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(files["log.vkey"])) != published {
		return fmt.Errorf("log.vkey is not the published key")
	}
	ranges, err := rotations(published)
	if err != nil {
		return err
	}
	ranges = append(ranges, keyRange{1<<62 - 1, newest})
	tree, err := checkpoint("checkpoint", ranges)
	if err != nil {
		return err
	}
	number, err := entries(tree)
	if err != nil {
		return err
	}
	if err := history(tree, ranges); err != nil {
		return err
	}
	if err := listed(published); err != nil {
		return err
	}
	fmt.Printf("VERIFIED: %d entries in a log of %d\n", number, tree.N)
	return nil
}

func read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	reader := tar.NewReader(file)
	for {
		header, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			return err
		}
	}
	return nil
}

func sorted(folder, end string) []string {
	var found []string
	for name := range files {
		if strings.HasPrefix(name, folder) && strings.HasSuffix(name, end) {
			found = append(found, strings.TrimSuffix(strings.TrimPrefix(name, folder), end))
		}
	}
	sort.Slice(found, func(a, b int) bool {
		x, _ := strconv.Atoi(strings.SplitN(found[a], "-", 2)[0])
		y, _ := strconv.Atoi(strings.SplitN(found[b], "-", 2)[0])
		return x < y
	})
	return found
}

// rotations follows the changes of keys up to the published one.
func rotations(published string) ([]keyRange, error) {
	var found []keyRange
	before := ""
	for _, name := range sorted("keys/", ".rotation") {
		data := files["keys/"+name+".rotation"]
		lines := strings.Split(string(data), "\n")
		if len(lines) < 6 || lines[0] != "evidence-key-rotation/v1" || lines[2] != name || (before != "" && before != lines[3]) {
			return nil, fmt.Errorf("keys/%s is malformed", name)
		}
		for _, vkey := range lines[3:5] {
			verifier, err := note.NewVerifier(vkey)
			if err != nil {
				return nil, err
			}
			if _, err := note.Open(data, note.VerifierList(verifier)); err != nil {
				return nil, fmt.Errorf("keys/%s: %w", name, err)
			}
		}
		verifier, _ := note.NewVerifier(lines[3])
		seq, _ := strconv.ParseInt(name, 10, 64)
		found = append(found, keyRange{seq + 1, verifier})
		before = lines[4]
	}
	if before != "" && before != published {
		return nil, fmt.Errorf("the changes of keys lead elsewhere")
	}
	return found, nil
}

func checkpoint(name string, ranges []keyRange) (tlog.Tree, error) {
	lines := strings.Split(string(files[name]), "\n")
	if len(lines) < 5 {
		return tlog.Tree{}, fmt.Errorf("%s is malformed", name)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	for _, one := range ranges {
		if size > one.last {
			continue
		}
		opened, err := note.Open(files[name], note.VerifierList(one.verifier))
		if err != nil {
			return tlog.Tree{}, fmt.Errorf("%s: %w", name, err)
		}
		text := strings.Split(opened.Text, "\n")
		if len(text) != 4 || text[0] != one.verifier.Name() {
			return tlog.Tree{}, fmt.Errorf("%s is of another log", name)
		}
		root, err := tlog.ParseHash(text[2])
		return tlog.Tree{N: size, Hash: root}, err
	}
	return tlog.Tree{}, fmt.Errorf("no key")
}

// proof returns the hashes between the first lines and the checkpoint, which must be the bundle's own.
func proof(name string, first ...string) ([]tlog.Hash, error) {
	head, below, _ := strings.Cut(string(files[name]), "\n\n")
	if below != string(files["checkpoint"]) {
		return nil, fmt.Errorf("%s is under another checkpoint", name)
	}
	lines := strings.Split(head, "\n")
	var found []tlog.Hash
	for at, line := range lines {
		if at < len(first) {
			if line != first[at] {
				return nil, fmt.Errorf("%s is for another", name)
			}
			continue
		}
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		found = append(found, hash)
	}
	return found, nil
}

func entries(tree tlog.Tree) (int, error) {
	form := regexp.MustCompile(`^\{"at":"[-0-9T:]+Z","c":"([0-9a-f]{64})","seq":([0-9]+),"t":"[a-z]+","v":1\}$`)
	numbers := sorted("entries/", ".entry")
	if len(numbers) == 0 {
		return 0, fmt.Errorf("there is no entry")
	}
	for _, number := range numbers {
		start := "entries/" + number
		body := files[start+".entry"]
		seq, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, err
		}
		hashes, err := proof(start+".tlog-proof", "c2sp.org/tlog-proof@v1", "index "+number)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckRecord(hashes, tree.N, tree.Hash, seq, tlog.RecordHash(body)); err != nil {
			return 0, fmt.Errorf("entry %s: %w", number, err)
		}
		says := form.FindSubmatch(body)
		if says == nil || string(says[2]) != number {
			return 0, fmt.Errorf("entry %s has another form", number)
		}
		if opening, there := files[start+".opening"]; there {
			hash := sha256.Sum256(opening)
			if hex.EncodeToString(hash[:]) != string(says[1]) {
				return 0, fmt.Errorf("entry %s does not commit to its opening", number)
			}
		}
	}
	return len(numbers), nil
}

func history(tree tlog.Tree, ranges []keyRange) error {
	for _, name := range sorted("history/", ".consistency") {
		size := strings.SplitN(name, "-", 2)[0]
		old, err := checkpoint("history/"+size+".checkpoint", ranges)
		if err != nil {
			return err
		}
		hashes, err := proof("history/"+name+".consistency", "old "+size)
		if err != nil {
			return err
		}
		if name != fmt.Sprintf("%d-%d", old.N, tree.N) {
			return fmt.Errorf("history/%s is for other sizes", name)
		}
		if err := tlog.CheckTree(hashes, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return fmt.Errorf("history/%s: %w", name, err)
		}
	}
	return nil
}

func listed(published string) error {
	sums := files["SHA256SUMS"]
	key, err := base64.StdEncoding.DecodeString(strings.SplitN(published, "+", 3)[2])
	if err != nil || !ed25519.Verify(key[1:], sums, files["SHA256SUMS.sig"]) {
		return fmt.Errorf("SHA256SUMS is not signed by the log")
	}
	var made bytes.Buffer
	var names []string
	for name := range files {
		if name != "SHA256SUMS" && name != "SHA256SUMS.sig" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(&made, "%x  %s\n", sha256.Sum256(files[name]), name)
	}
	if !bytes.Equal(made.Bytes(), sums) {
		return fmt.Errorf("the files are not those that SHA256SUMS lists")
	}
	return nil
}
