// Verifies a folder of tiles (c2sp.org/tlog-tiles) against its checkpoint: every entry in its bundle, by the tile reader
// of golang.org/x/mod/sumdb/tlog. Only the names of the files are ours.
//
//	verify mirror <vkey> <folder>
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type folder string

func (f folder) Height() int { return height }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		// Go's path begins with the height, that of tlog-tiles does not.
		name := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), name))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func mirror(vkey, path string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	files["checkpoint"], err = os.ReadFile(filepath.Join(path, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := checkpoint("checkpoint", []keyRange{{1<<62 - 1, verifier}})
	if err != nil {
		return err
	}
	leaves := tlog.TileHashReader(tree, folder(path))
	for first := int64(0); first < tree.N; first += 1 << height {
		width := min(tree.N-first, 1<<height)
		// A bundle of entries is named as the tile of the lowest level beside it.
		tile := tlog.Tile{H: height, L: -1, N: first >> height, W: int(width)}
		name := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/data/", height), "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(path, name))
		if err != nil {
			return err
		}
		var places []int64
		var hashes []tlog.Hash
		for len(data) >= 2 {
			length := int(binary.BigEndian.Uint16(data))
			if len(data) < 2+length {
				return fmt.Errorf("%s is cut off", name)
			}
			places = append(places, tlog.StoredHashIndex(0, first+int64(len(hashes))))
			hashes = append(hashes, tlog.RecordHash(data[2:2+length]))
			data = data[2+length:]
		}
		if int64(len(hashes)) != width || len(data) != 0 {
			return fmt.Errorf("%s holds another number of entries", name)
		}
		signed, err := leaves.ReadHashes(places)
		if err != nil {
			return err
		}
		for at := range hashes {
			if hashes[at] != signed[at] {
				return fmt.Errorf("entry %d is not in the tree", first+int64(at))
			}
		}
	}
	fmt.Printf("VERIFIED: all entries of a log of %d\n", tree.N)
	return nil
}
