/** In the package hls.js comes from whoever uses it; the site has a copy of its own. */
import { attachSource as attach } from "../../../api_service/static/widget/sources.js";

/**
 * Resolve to a function that removes the source, once it is set; reject if this browser cannot play it.
 * @param {HTMLMediaElement} video
 * @param {string} source
 * @param {object} [options]
 * @returns {Promise<() => void>}
 */
export const attachSource = (video, source, options = {}) => attach(video, source, { hls: () => import("hls.js"), ...options });
