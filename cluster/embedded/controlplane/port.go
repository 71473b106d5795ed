package main

import "golang.org/x/sys/unix"

// reservePort reserves a free TCP port of the loopback interface until release is called. It binds a socket with
// SO_REUSEPORT that does not listen: only a socket of the same user that also sets SO_REUSEPORT can share the port, as
// that of the API server does. If the port were closed and bound again, another program could take it in between.
func reservePort() (port int, release func(), err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, nil, err
	}
	unix.CloseOnExec(fd)
	release = func() { _ = unix.Close(fd) }
	port, err = bindShared(fd)
	if err != nil {
		release()
		return 0, nil, err
	}
	return port, release, nil
}

func bindShared(fd int) (port int, err error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return 0, err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	address, err := unix.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	return address.(*unix.SockaddrInet4).Port, nil
}
