import ArgumentParser
import ParleyCommandLine

@main
enum Program {
    static func main() async { await ParleyCommand.main() }
}
