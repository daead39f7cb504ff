// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CLinux

// What Swift's Glibc module adds to C's headers, and Embedded Swift does without.

var errno: Int32 {
  get { unsafe meti_errno().pointee }
  set { unsafe meti_errno().pointee = newValue }
}

var MAP_FAILED: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(bitPattern: -1)! }
var SIG_DFL: __sighandler_t? { nil }
var SIG_IGN: __sighandler_t { unsafe unsafeBitCast(1, to: __sighandler_t.self) }
