// Numbers, amounts and dates in the browser's own language. Amounts come as whole cents and stay exact.

const LOCALE = undefined;
const COUNT = new Intl.NumberFormat(LOCALE);
const NUMBER = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 6 });
const AMOUNT = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const DAY = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const MOMENT = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short" });
const CURRENCY = new Map();
const DAYS = new Map();

const count = (value) => COUNT.format(value);

function decimal(cents) {
  const digits = String(Math.abs(cents)).padStart(3, "0");
  return `${cents < 0 ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

const WHOLE = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const DECIMALS = new Map();

function decimalsOf(currency) {
  if (!currency) return 2;
  if (!DECIMALS.has(currency)) {
    DECIMALS.set(currency, new Intl.NumberFormat(LOCALE, { style: "currency", currency }).resolvedOptions().maximumFractionDigits);
  }
  return DECIMALS.get(currency);
}

const amount = (cents, currency) => (decimalsOf(currency) || cents % 100 ? AMOUNT : WHOLE).format(decimal(cents));

function money(cents, currency) {
  if (!currency) return amount(cents);
  if (!CURRENCY.has(currency)) {
    const style = { style: "currency", currency, currencyDisplay: "narrowSymbol" };
    CURRENCY.set(currency, new Intl.NumberFormat(LOCALE, style));
  }
  return CURRENCY.get(currency).format(decimal(cents));
}

function day(text) {
  if (!DAYS.has(text)) DAYS.set(text, DAY.format(new Date(`${text.slice(0, 10)}T00:00:00Z`)));
  return DAYS.get(text);
}

// `currency` is written beside an amount; `own` only gives it its decimals.
function shown(value, column, currency, own) {
  if (value == null || value === "") return "";
  switch (column.kind) {
    case "money": return currency ? money(value, currency) : amount(value, own);
    case "number": return NUMBER.format(value);
    case "integer": return column.key.endsWith("_id") ? String(value) : count(value);
    case "date": return day(value);
    case "timestamp": return MOMENT.format(new Date(value.length > 10 ? `${value}Z` : `${value}T00:00:00Z`));
    case "boolean": return value ? "Yes" : "No";
    case "choice": return column.choices?.[value] ?? value;
    default: return String(value);
  }
}

function bytes(size) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = size < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(size) / 3));
  const style = { style: "unit", unit: units[power], unitDisplay: "short", maximumFractionDigits: power ? 1 : 0 };
  return new Intl.NumberFormat(LOCALE, style).format(size / 1000 ** power);
}

function centsOf(text) {
  const match = /^\s*(-?)(\d+)(?:[.,](\d{1,2}))?\s*$/.exec(text);
  if (!match) return null;
  const cents = Number(match[2]) * 100 + Number((match[3] ?? "").padEnd(2, "0"));
  return match[1] ? -cents : cents;
}

const plural = (rows, one = "invoice", many = "invoices") => `${count(rows)} ${rows === 1 ? one : many}`;
