import ArgumentParser
import ParleyCommandLine

await ParleyCommand.main()
