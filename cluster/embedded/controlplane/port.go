package main

import "golang.org/x/sys/unix"

// reservePort finds a free TCP port of the loopback interface and keeps it from every other program until release is
// called: a socket is bound to it, but does not listen, and shares it only with a socket of the same user that asks
// for SO_REUSEPORT too, as the API server does. A port that is found, let go and bound again could be lost in between.
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
