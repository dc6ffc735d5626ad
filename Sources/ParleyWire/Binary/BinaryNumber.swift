/// How a number of JSON stands in the binary encoding: in one form only, so that what says the same is the same bytes.
///
/// An integer that every language reads alike is one; a fraction whose shortest form is what stands there is a floating-point number; any
/// other goes as its digits, so that none is lost.
enum BinaryNumber: Equatable {
    case integer(Int64)
    case double(Double)
    case digits

    init(json: Span<UInt8>, at range: ByteRange) {
        if let value = JSONValue.integer(json, at: range) {
            self = .integer(value)
            return
        }
        let text = String(decoding: JSONValue.copy(json, at: range), as: UTF8.self)
        guard let value = Double(text), value.isFinite, value.description == text else {
            self = .digits
            return
        }
        self = .double(value)
    }
}
