@testable import ParleyCommandLine
