// Floating-point numbers in decimal and hexadecimal, exactly.
//
// A finite number is mantissa * 2^exponent, so its decimal digits end, after some thousand of them
// at most. digit_stream produces them one by one from the front, by exact arithmetic: of the
// integer part it makes limbs of base 10^9, top first; of the fraction, a binary number below 1,
// multiplied by 10^9 over and over, it takes what comes out above the point. Everything else stands
// on that stream:
//
//   With a precision, the number of digits is known. plan_rounding reads that many and the rest's
//   relation to a half (ties go to the even digit, as in C), and finds the one digit that rounding
//   up increases; the nines behind it become zeroes. A second reading writes the digits, so that no
//   number is too long.
//
//   The shortest text that reads back as the same number lies between the two points half way to
//   its neighbours. find_shortest reads the digits of all three and stops at the first place where
//   a decimal number fits between.
//
// No tables, and time linear in the distance between the point and the digits, squared: fast for
// the numbers that programs print, some microseconds for 1e300. std::to_chars takes 120 KB of
// tables, and for long double calls sprintf and fesetround of a C library.
#pragma once

#include <bit>
#include <cstring>

#include "diag/format.h"

namespace rt0::detail {

enum class float_class : unsigned char { finite, infinite, nan };

// A number taken apart.
struct float_parts {
    uint64_t mantissa;
    int exponent; // of the mantissa's lowest bit
    bool negative;
    float_class kind;
    bool even_gap; // the neighbours are equally far; not so just above a power of two
    // For hexadecimal: the bits behind the point of a normalised mantissa, a multiple of 4, and the
    // exponent of the bit before the point.
    int hex_fraction_bits;
    uint64_t hex_mantissa;
    int hex_exponent;
};

// limbs: enough for the longest number, see limbs_for. Wide: an integer that holds a mantissa and
// two bits more, or all digits of the shortest text and one more.
template <size_t limbs, class Wide>
class digit_stream {
public:
    // The stream of mantissa * 2^exponent; mantissa is not 0.
    [[gnu::noinline]] void start(Wide mantissa, int exponent) {
        low_ = high_ = point_ = 0;
        if (exponent >= 0) {
            set_integer(mantissa);
            multiply_integer(exponent);
        } else {
            set_fraction(mantissa, -exponent);
        }
        last_integer_ = 0;
        while (last_integer_ < integers_ && limb_[point_ + last_integer_] == 0) {
            ++last_integer_;
        }
        exponent_ = static_cast<int>(integers_) * 9 - 1;
        for (refill(); chunk_ == 0; refill()) {
            exponent_ -= 9;
        }
        for (; chunk_ < chunk_unit; chunk_ *= 10) {
            --left_;
            --exponent_;
        }
    }

    // The power of ten of the first digit, which is not 0.
    [[nodiscard]] int exponent() const { return exponent_; }

    unsigned next() {
        if (left_ == 0) {
            refill();
        }
        --left_;
        const uint32_t digit = chunk_ / chunk_unit;
        chunk_ = (chunk_ - digit * chunk_unit) * 10;
        return digit;
    }

    // Whether all digits to come are 0.
    [[nodiscard]] bool is_over() const {
        return chunk_ == 0 && integers_ <= last_integer_ && low_ == high_;
    }

private:
    static constexpr uint32_t base = 1'000'000'000;
    static constexpr uint32_t chunk_unit = base / 10;

    void set_integer(Wide value) {
        for (integers_ = 0; value != 0; value /= base) {
            limb_[point_ + integers_++] = static_cast<uint32_t>(value % base);
        }
    }

    void multiply_integer(int power) {
        while (power > 0) {
            const int step = power < 32 ? power : 32;
            power -= step;
            uint64_t carry = 0;
            for (size_t i = 0; i < integers_; ++i) {
                const uint64_t product = (uint64_t{limb_[i]} << step) + carry;
                limb_[i] = static_cast<uint32_t>(product % base);
                carry = product / base;
            }
            for (; carry != 0; carry /= base) {
                limb_[integers_++] = static_cast<uint32_t>(carry % base);
            }
        }
    }

    // value / 2^shift: the binary point stands below limb point_, the integer part's limbs from
    // there on.
    void set_fraction(Wide value, int shift) {
        constexpr int wide_bits = sizeof(Wide) * 8;
        point_ = static_cast<size_t>(shift + 31) / 32;
        Wide fraction = value;
        Wide integer = 0;
        if (shift < wide_bits) {
            integer = value >> shift;
            fraction = value & ((Wide{1} << shift) - 1);
        }
        set_integer(integer);
        // The lowest bits move up, so that the point is between two limbs.
        const int up = static_cast<int>(point_ * 32) - shift;
        uint64_t carry = 0;
        while (high_ < point_ && (fraction != 0 || carry != 0)) {
            const uint64_t part = (uint64_t{static_cast<uint32_t>(fraction)} << up) | carry;
            limb_[high_++] = static_cast<uint32_t>(part);
            carry = part >> 32;
            fraction >>= 32;
        }
        trim();
    }

    // Zero limbs at the bottom of the fraction need no multiplication.
    void trim() {
        while (low_ < high_ && limb_[low_] == 0) {
            ++low_;
        }
    }

    [[gnu::noinline]] void refill() {
        left_ = 9;
        if (integers_ > 0) {
            chunk_ = limb_[point_ + --integers_];
            return;
        }
        uint64_t carry = 0;
        for (size_t i = low_; i < high_; ++i) {
            carry += uint64_t{limb_[i]} * base;
            limb_[i] = static_cast<uint32_t>(carry);
            carry >>= 32;
        }
        // Above high_ there are only zeroes, up to the point; what passes it is the next nine
        // digits.
        if (high_ < point_ && carry != 0) {
            limb_[high_++] = static_cast<uint32_t>(carry);
            carry = 0;
        }
        chunk_ = static_cast<uint32_t>(carry);
        trim();
    }

    size_t integers_;     // limbs of the integer part not taken yet
    size_t last_integer_; // below this they are all 0
    size_t point_;
    size_t low_; // the limbs of the fraction that are not 0 lie in [low_, high_)
    size_t high_;
    int exponent_;
    int left_;       // digits of chunk_ to come
    uint32_t chunk_; // the next of them on top
    uint32_t limb_[limbs];
};

// What writes digits: those of a stream or of a text, rounded, and zeroes behind them.
template <class Stream>
class digit_source {
public:
    // Plans to read count digits of stream, rounded to the nearest, which may add one in front;
    // none where count is negative. Leaves stream behind what it looked at: it must be started
    // again for write.
    void plan_rounding(Stream& stream, int64_t count) {
        stream_ = &stream;
        exponent_ = stream.exponent();
        unsigned last = 0;
        int64_t not_nine = -1;
        int64_t i = 0;
        for (; i < count && !stream.is_over(); ++i) {
            last = stream.next();
            if (last != 9) {
                not_nine = i;
            }
            if (last != 0) {
                significant_ = i + 1;
            }
        }
        if (i == count && rounds_up(stream, last)) {
            increased_ = not_nine;
            significant_ = not_nine + 1;
            if (not_nine <
                0) { // 9.99 becomes 10.0: a one before the digits, and only zeroes behind it
                text_ = "1";
                significant_ = 1;
                ++exponent_;
            }
        }
        if (significant_ == 0) {
            exponent_ = 0;
        }
    }

    // Plans to read the first count digits of stream as they are.
    void plan_exact(Stream& stream, int64_t count) {
        stream_ = &stream;
        text_ = nullptr;
        significant_ = count;
    }

    // Plans to read digits, the first of them at 10^exponent.
    void plan_text(std::string_view digits, int exponent) {
        text_ = digits.data();
        significant_ = static_cast<int64_t>(digits.size());
        exponent_ = exponent;
    }

    // The power of ten of the first digit; 0 where all digits are.
    [[nodiscard]] int exponent() const { return exponent_; }
    // The number of digits up to the last that is not 0.
    [[nodiscard]] int64_t significant() const { return significant_; }

    // Writes count digits more.
    [[gnu::noinline]] void write(output& out, int64_t count) {
        for (; count > 0 && position_ < significant_; --count, ++position_) {
            out.put(text_ != nullptr ? text_[position_] : stream_digit());
        }
        out.fill("0", static_cast<size_t>(count));
    }

private:
    // Whether what is left of stream is more than a half, or a half behind an odd digit.
    static bool rounds_up(Stream& stream, unsigned last) {
        const unsigned digit = stream.next();
        return digit > 5 || (digit == 5 && (!stream.is_over() || last % 2 != 0));
    }

    char stream_digit() {
        return static_cast<char>('0' + stream_->next() + (position_ == increased_ ? 1 : 0));
    }

    Stream* stream_ = nullptr;
    const char* text_ = nullptr; // digits that are not the stream's
    int exponent_ = 0;
    int64_t significant_ = 0;
    int64_t position_ = 0;
    int64_t increased_ = -1; // the digit that rounding adds 1 to
};

// The limbs for numbers with so many places behind the binary point, or so many decimal digits
// before it.
constexpr size_t limbs_for(size_t places, size_t digits) {
    // Where both parts are not 0, they are at most 4 and 3 limbs.
    const size_t fraction = (places + 31) / 32;
    const size_t integer = (digits + 8) / 9 + 1;
    return fraction > integer ? fraction : integer;
}

// The first digits of a number, from the place of 10^top on.
template <size_t count>
struct leading_digits {
    template <class Stream>
    [[gnu::noinline]] void read(Stream& stream, int top) {
        size_t i = 0;
        for (; i < count && top > stream.exponent(); --top) {
            digits[i++] = 0;
        }
        while (i < count) {
            digits[i] = static_cast<unsigned char>(stream.next());
            if (digits[i++] != 0) {
                significant = i;
            }
        }
        if (!stream.is_over()) {
            significant = count + 1;
        }
    }

    unsigned char digits[count];
    size_t significant =
        0; // digits up to the last that is not 0, count + 1 if that is not among them
};

// The shortest text between the half ways to a number's neighbours, and of several the nearest to
// it.
template <size_t limbs, class Wide>
class shortest {
public:
    // Enough digits to tell any two numbers of the format apart, and one more.
    static constexpr size_t count = sizeof(Wide) > 8 ? 22 : 18;
    using stream = digit_stream<limbs, Wide>;

    shortest(stream& digits, const float_parts& number) {
        const Wide mantissa = number.mantissa;
        leading_digits<count> low;
        leading_digits<count> middle;
        leading_digits<count> high;
        digits.start(2 * mantissa + 1, number.exponent - 1);
        const int top = digits.exponent();
        high.read(digits, top);
        digits.start(mantissa, number.exponent);
        middle.read(digits, top);
        if (number.even_gap) {
            digits.start(2 * mantissa - 1, number.exponent - 1);
        } else {
            digits.start(4 * mantissa - 1, number.exponent - 2);
        }
        low.read(digits, top);

        // A half way reads back as the number whose mantissa is even.
        const bool inclusive = mantissa % 2 == 0;
        Wide from = 0;
        Wide value = 0;
        Wide to = 0;
        for (size_t i = 0; i < count; ++i) {
            from = from * 10 + low.digits[i];
            value = value * 10 + middle.digits[i];
            to = to * 10 + high.digits[i];
            const Wide first = from + (low.significant <= i + 1 && inclusive ? 0 : 1);
            const Wide last = to - (high.significant <= i + 1 && !inclusive ? 1 : 0);
            if (first > last) {
                continue;
            }
            if (i + 1 < count) {
                const unsigned next = middle.digits[i + 1];
                if (next > 5 || (next == 5 && (middle.significant > i + 2 || value % 2 != 0))) {
                    ++value;
                }
            }
            value = value < first ? first : value > last ? last : value;
            begin_ = write_digits(text_ + count, value, 'd');
            exponent_ = top - static_cast<int>(i + 1) + static_cast<int>(view().size());
            return;
        }
    }

    [[nodiscard]] std::string_view view() const { return {begin_, text_ + count}; }
    [[nodiscard]] int exponent() const { return exponent_; }

private:
    char text_[count];
    char* begin_ = text_ + count;
    int exponent_ = 0;
};

// "e+07", "p-3": the mark, a sign, and at least digits digits.
class exponent_text {
public:
    exponent_text(char mark, int exponent, int digits) {
        const auto magnitude = static_cast<unsigned>(exponent < 0 ? -exponent : exponent);
        begin_ = write_digits(text_ + sizeof text_, magnitude, 'd');
        while (text_ + sizeof text_ - begin_ < digits) {
            *--begin_ = '0';
        }
        *--begin_ = exponent < 0 ? '-' : '+';
        *--begin_ = mark;
    }

    [[nodiscard]] std::string_view view() const { return {begin_, text_ + sizeof text_}; }

private:
    char text_[8];
    char* begin_;
};

// The part that needs no stream.
void write_special(output& out, const format_spec& spec, const float_parts& number);
void write_hexadecimal(output& out, const format_spec& spec, const float_parts& number);

// precision digits behind the point, or the same with an exponent.
template <class Stream>
[[gnu::noinline]] void write_fixed(output& out, const format_spec& spec, std::string_view sign,
                                   digit_source<Stream>& digits, int64_t precision) {
    const int64_t before = digits.exponent() >= 0 ? digits.exponent() + 1 : 0;
    const bool point = precision > 0 || spec.alternate;
    const int64_t size = (before > 0 ? before : 1) + (point ? 1 : 0) + precision;
    const size_t after = begin_number(out, spec, sign, static_cast<size_t>(size));
    if (before > 0) {
        digits.write(out, before);
    } else {
        out.put('0');
    }
    if (point) {
        out.put('.');
    }
    int64_t zeroes = digits.exponent() < 0 ? -digits.exponent() - 1 : 0;
    zeroes = zeroes < precision ? zeroes : precision;
    out.fill("0", static_cast<size_t>(zeroes));
    digits.write(out, precision - zeroes);
    out.fill(fill_of(spec), after);
}

template <class Stream>
[[gnu::noinline]] void write_scientific(output& out, const format_spec& spec, std::string_view sign,
                                        digit_source<Stream>& digits, int64_t precision) {
    const bool upper = spec.type == 'E' || spec.type == 'G';
    const exponent_text exponent(upper ? 'E' : 'e', digits.exponent(), 2);
    const bool point = precision > 0 || spec.alternate;
    const int64_t size = 1 + (point ? 1 : 0) + precision;
    const size_t after =
        begin_number(out, spec, sign, static_cast<size_t>(size) + exponent.view().size());
    digits.write(out, 1);
    if (point) {
        out.put('.');
    }
    digits.write(out, precision);
    out.write(exponent.view());
    out.fill(fill_of(spec), after);
}

template <size_t limbs, class Wide>
void write_floating(format_context& ctx, const format_spec& unresolved, const float_parts& number) {
    const format_spec spec = resolve(unresolved, ctx);
    output& out = ctx.out().sink();
    if (number.kind != float_class::finite) {
        write_special(out, spec, number);
        return;
    }
    if (spec.type == 'a' || spec.type == 'A') {
        write_hexadecimal(out, spec, number);
        return;
    }
    using stream = digit_stream<limbs, Wide>;
    stream exact;
    digit_source<stream> digits;
    const number_prefix sign(spec, number.negative, false);
    const auto restart = [&] {
        if (number.mantissa != 0) {
            exact.start(number.mantissa, number.exponent);
        }
    };
    const auto plan = [&](int64_t count) {
        if (number.mantissa != 0) {
            digits.plan_rounding(exact, count);
            restart();
        }
    };

    if (spec.type == '\0' && spec.precision < 0) {
        if (number.mantissa == 0) {
            write_fixed(out, spec, sign.view(), digits, 0);
            return;
        }
        const shortest<limbs, Wide> text(exact, number);
        digits.plan_text(text.view(), text.exponent());
        const int64_t count = digits.significant();
        const int exponent = text.exponent();
        const int64_t scientific_size =
            count + (count > 1 ? 1 : 0) +
            static_cast<int64_t>(exponent_text('e', exponent, 2).view().size());
        const int64_t fixed_size = exponent < 0           ? count + 1 - exponent
                                   : count > exponent + 1 ? count + 1
                                                          : exponent + 1;
        if (fixed_size > scientific_size) {
            write_scientific(out, spec, sign.view(), digits, count - 1);
            return;
        }
        if (count < exponent + 1) {
            // The places up to the point are written anyway, so they can as well be the number's
            // own.
            restart();
            digits.plan_exact(exact, exponent + 1);
        }
        write_fixed(out, spec, sign.view(), digits,
                    count > exponent + 1 ? count - exponent - 1 : 0);
        return;
    }

    restart();
    const int64_t precision = spec.precision < 0 ? 6 : spec.precision;
    switch (spec.type) {
    case 'f':
    case 'F':
        plan(number.mantissa == 0 ? 0 : exact.exponent() + 1 + precision);
        write_fixed(out, spec, sign.view(), digits, precision);
        return;
    case 'e':
    case 'E':
        plan(precision + 1);
        write_scientific(out, spec, sign.view(), digits, precision);
        return;
    default:
        break;
    }
    // General: as many digits as precision says, without the zeroes behind the last.
    const int64_t count = precision == 0 ? 1 : precision;
    plan(count);
    const bool all = spec.alternate && spec.type != '\0';
    const int64_t kept = all ? count : digits.significant();
    const int exponent = digits.exponent();
    if (exponent >= -4 && exponent < count) {
        write_fixed(out, spec, sign.view(), digits, kept > exponent + 1 ? kept - exponent - 1 : 0);
    } else {
        write_scientific(out, spec, sign.view(), digits, kept > 1 ? kept - 1 : 0);
    }
}

} // namespace rt0::detail
