package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/traderadmin/charts/standin/contract"
)

// exitCode is the one that contract.Exit tells to end with, if it does.
func exitCode() (code int, told bool, err error) {
	text := os.Getenv(contract.Exit)
	if text == "" {
		return 0, false, nil
	}
	number, err := strconv.ParseUint(text, 10, 8)
	if err != nil {
		return 2, true, fmt.Errorf("%s is no exit code, 0 to 255: %w", contract.Exit, err)
	}
	return int(number), true, nil
}

var taken []byte // as long as the process lives

// takeMemory takes as much as contract.Memory says. Memory counts once it is written to.
func takeMemory(out io.Writer) error {
	text := os.Getenv(contract.Memory)
	if text == "" {
		return nil
	}
	size, err := sizeOf(text)
	if err != nil {
		return fmt.Errorf("%s: %w", contract.Memory, err)
	}
	fmt.Fprintf(out, "stand-in: %s says to take %s of memory\n", contract.Memory, text)
	taken = make([]byte, size)
	for i := 0; i < len(taken); i += os.Getpagesize() {
		taken[i] = 1
	}
	return nil
}

// sizeOf reads a number of bytes, with or without a binary suffix as Kubernetes writes them.
func sizeOf(text string) (int64, error) {
	digits, shift := text, 0
	for suffix, bits := range map[string]int{"Ki": 10, "Mi": 20, "Gi": 30} {
		if number, has := strings.CutSuffix(text, suffix); has {
			digits, shift = number, bits
		}
	}
	number, err := strconv.ParseInt(digits, 10, 33)
	if err != nil || number < 0 {
		return 0, fmt.Errorf("%q is no number of bytes such as 600Mi", text)
	}
	return number << shift, nil
}
