// Package steps runs the steps of a test: asked for on standard input, answered on standard output, JSON-RPC 2.0 with one message a line.
package steps

import (
	"bufio"
	"encoding/json"
	"os"
)

// Step gets the params of the request and returns its result.
type Step func(params json.RawMessage) (any, error)

type request struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

type failure struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

type answer struct {
	Version string   `json:"jsonrpc"`
	ID      int      `json:"id"`
	Result  any      `json:"result,omitempty"`
	Error   *failure `json:"error,omitempty"`
}

// Serve runs one step after the other until standard input ends.
func Serve(steps map[string]Step) error {
	lines := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		reply := answer{Version: "2.0", ID: asked.ID}
		result, err := steps[asked.Method](asked.Params)
		if err == nil {
			reply.Result = result
		} else {
			reply.Error = &failure{Code: -32000, Message: err.Error()}
		}
		if err := answers.Encode(reply); err != nil {
			return err
		}
	}
	return lines.Err()
}

// With reads the params into P before the step.
func With[P any](step func(params P) (any, error)) Step {
	return func(raw json.RawMessage) (any, error) {
		var params P
		if err := json.Unmarshal(raw, &params); err != nil {
			return nil, err
		}
		return step(params)
	}
}
