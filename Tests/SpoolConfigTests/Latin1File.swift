import Foundation

/// Writes a file whose bytes are ISO 8859-1 and not valid UTF-8.
func latin1File(_ path: String) -> Bool {
    FileManager.default.createFile(atPath: path, contents: Data([0x61, 0x3A, 0x20, 0xFC, 0x0A]))
}
