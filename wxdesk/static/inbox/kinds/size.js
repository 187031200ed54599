// Pure: how large pictures are drawn, and sizes and lengths in words.
import { t } from "../texts.js";

const SMALLEST_PX = 64;

/**
 * {width, height} that fits into a square of `most` and keeps the shape; very long shapes are
 * cropped. What is smaller than `least` is drawn larger.
 */
export function fitInto(width, height, { most, least = 0 }) {
  if (!width || !height) return { width: most, height: Math.round(most * 0.75) };
  const larger = Math.max(1, least / Math.max(width, height));
  const scale = Math.min(larger, most / width, most / height);
  return {
    width: Math.max(SMALLEST_PX, Math.round(width * scale)),
    height: Math.max(SMALLEST_PX, Math.round(height * scale)),
  };
}

export function formatSize(bytes) {
  if (bytes === null || bytes === undefined) return "";
  if (bytes < 1024) return t("size_bytes", { n: bytes });
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / (1024 * 1024)).toFixed(1)} MB`;
}

/** 0:07, 1:03 */
export function formatLength(seconds) {
  const whole = Math.max(0, Math.round(seconds ?? 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
